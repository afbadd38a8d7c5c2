// pulumi-kubernetes' plugin for tests: its own main package embeds files that its module doesn't have. Of its schema,
// which only an import of existing objects reads, it has the name and the version.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version of the commit in go.mod. The Go module proxy has no later one.
const version = "4.25.0"

func main() {
	schema := fmt.Sprintf(`{"name": "kubernetes", "version": %q}`, version)
	provider.Serve("kubernetes", version, []byte(schema), []byte("{}"))
}
