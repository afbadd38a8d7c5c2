"""What the Lambda functions of a Region switch plan run: the standard library and boto3, nothing of Haven or Pulumi."""
