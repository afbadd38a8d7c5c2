"""What a recovery needs beside the system: the runbooks' own tables and role, AWS's own tools."""
