"""What the heartbeat's Lambda function runs: the standard library and boto3, nothing of Haven, nothing of Pulumi."""
