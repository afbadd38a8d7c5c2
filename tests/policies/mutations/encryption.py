"""What is broken of encryption and transport."""

from tests.policies.breaking import Mutation, setting

DATABASE = "aws:rds/cluster:Cluster"

MUTATIONS = (
    Mutation(
        "database-encrypted", "warm", "a database without encryption", setting(DATABASE, "storageEncrypted", False)
    ),
    Mutation("database-encrypted", "warm", "a database under AWS's own key", setting(DATABASE, "kmsKeyId", None)),
)
