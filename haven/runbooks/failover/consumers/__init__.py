"""What takes messages from the queues of the Region that is left, whatever it is: closed out, and let in again."""
