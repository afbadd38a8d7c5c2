package main

import (
	"context"
	"encoding/json"
	"os"
	"path"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// GeneratePackage: the Python SDK of a package, from its schema.
func (h *host) GeneratePackage(
	_ context.Context, request *pulumirpc.GeneratePackageRequest,
) (*pulumirpc.GeneratePackageResponse, error) {
	var described schema.PackageSpec
	if err := json.Unmarshal([]byte(request.Schema), &described); err != nil {
		return nil, err
	}
	languages := map[string]schema.Language{"python": python.Importer}
	unchecked := schema.ValidationOptions{AllowDanglingReferences: true}
	wanted, err := schema.ImportSpec(described, languages, byName{}, unchecked)
	if err != nil {
		return nil, err
	}
	sources, err := python.GeneratePackage("Haven's tests", wanted, request.ExtraFiles, byName{})
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GeneratePackageResponse{}, put(sources, request.Directory)
}

// Writes files below a folder.
func put(sources map[string][]byte, folder string) error {
	below, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = below.Close() }()
	for name, text := range sources {
		if err := below.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		if err := below.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Packages that a schema refers to, known by name alone: components refer to providers, and to nothing inside them.
type byName struct{}

func (l byName) LoadPackage(name string, version *semver.Version) (*schema.Package, error) {
	empty := schema.PackageSpec{Name: name}
	if version != nil {
		empty.Version = version.String()
	}
	return schema.ImportSpec(empty, nil, l, schema.ValidationOptions{})
}

func (l byName) LoadPackageV2(_ context.Context, wanted *schema.PackageDescriptor) (*schema.Package, error) {
	return l.LoadPackage(wanted.Name, wanted.Version)
}

func (l byName) LoadPackageReference(name string, version *semver.Version) (schema.PackageReference, error) {
	found, err := l.LoadPackage(name, version)
	if err != nil {
		return nil, err
	}
	return found.Reference(), nil
}

func (l byName) LoadPackageReferenceV2(
	_ context.Context, wanted *schema.PackageDescriptor,
) (schema.PackageReference, error) {
	return l.LoadPackageReference(wanted.Name, wanted.Version)
}

// Link: nothing is installed, so whoever uses the generated SDK puts its folder on PYTHONPATH.
func (h *host) Link(_ context.Context, request *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	answer := &pulumirpc.LinkResponse{}
	for _, each := range request.Packages {
		answer.ImportInstructions += "PYTHONPATH=" + each.Path + "\n"
	}
	return answer, nil
}
