// A Python language host for the Pulumi CLI in tests. The CLI asks it to run Python: programs, policy packs, components.
// Pulumi's own host isn't published as a Go module. This one starts Python as that one does (the same start script, the
// toolchains of Pulumi's SDK, the same generator), and installs nothing: dependencies are where `make setup` put them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	sdk "github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// What the start script exits with when the program's error has been shown already.
const shownAlready = 32

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	stop   chan bool
	engine string
}

func main() {
	served := &host{stop: make(chan bool)}
	serving, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: served.stop, Init: func(server *grpc.Server) error {
		pulumirpc.RegisterLanguageRuntimeServer(server, served)
		return nil
	}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(serving.Port)
	<-serving.Done
}

// Handshake: the host ends with the engine.
func (h *host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.engine = request.EngineAddress
	ended := func() { close(h.stop) }
	err := rpcutil.Healthcheck(context.Background(), h.engine, time.Minute, ended)
	return &pulumirpc.LanguageHandshakeResponse{}, err
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "0.0.0"}, nil
}

// GetRequiredPackages: the engine looks plugins up when resources ask for them, in PULUMI_HOME.
func (h *host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *host) InstallDependencies(
	*pulumirpc.InstallDependenciesRequest, pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	return nil
}

// The interpreter of a program: that of the uv project around it, or of the folder that its options name.
func interpreter(ctx context.Context, info *pulumirpc.ProgramInfo, words ...string) (*exec.Cmd, error) {
	options := toolchain.PythonOptions{Root: info.RootDirectory, ProgramDir: info.ProgramDirectory, Toolchain: toolchain.Pip}
	given := info.Options.AsMap()
	if given["toolchain"] == "uv" {
		options.Toolchain = toolchain.Uv
	}
	if folder, ok := given["virtualenv"].(string); ok {
		options.Virtualenv = folder
	}
	chosen, err := toolchain.ResolveToolchain(options)
	if err != nil {
		return nil, err
	}
	command, err := chosen.Command(ctx, words...)
	if err == nil && command.Env == nil {
		command.Env = os.Environ()
	}
	return command, err
}

// Run: a program, started by the script that Pulumi's SDK ships.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command, err := interpreter(ctx, request.Info,
		own+"-exec",
		"--project", request.Project,
		"--stack", request.Stack,
		"--organization", request.Organization,
		"--root_directory", request.Info.RootDirectory,
		"--pwd", request.Pwd,
		"--parallel", strconv.Itoa(int(request.Parallel)),
		"--dry_run", strconv.FormatBool(request.DryRun),
		"--monitor", request.MonitorAddress,
		"--engine", h.engine,
		filepath.Join(request.Info.ProgramDirectory, request.Info.EntryPoint),
	)
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(append([]string{}, request.ConfigSecretKeys...))
	if err != nil {
		return nil, err
	}
	config, err := asJSON(request.Config)
	if err != nil {
		return nil, err
	}
	command.Env = append(command.Env, "PULUMI_CONFIG="+config, "PULUMI_CONFIG_SECRET_KEYS="+string(secretKeys))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	var exit *exec.ExitError
	switch err := command.Run(); {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == shownAlready:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
}

// The config as the start script and policy packs read it; none is an empty object.
func asJSON(config map[string]string) (string, error) {
	if config == nil {
		config = map[string]string{}
	}
	text, err := json.Marshal(config)
	return string(text), err
}

// RunPlugin: a policy pack, or components.
func (h *host) RunPlugin(request *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer) error {
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(stream, false)
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()
	if request.Kind == "analyzer" {
		err = policyPack(stream.Context(), request, stdout, stderr)
	} else {
		err = components(stream.Context(), request, stdout, stderr)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code := int32(exit.ExitCode()) //nolint:gosec
		return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: code}})
	}
	return err
}

func components(ctx context.Context, request *pulumirpc.RunPluginRequest, stdout, stderr io.Writer) error {
	command, err := interpreter(ctx, request.Info, append([]string{request.Info.ProgramDirectory}, request.Args...)...)
	if err != nil {
		return err
	}
	command.Dir, command.Stdout, command.Stderr = request.Pwd, stdout, stderr
	command.Env = append(command.Env, request.Env...)
	return command.Run()
}

// A policy pack reads the stack's config from its environment, so it starts when the engine has sent the config. Until
// then, and between the two ever after, stands the proxy that Pulumi's SDK has for this.
func policyPack(ctx context.Context, request *pulumirpc.RunPluginRequest, stdout, stderr io.Writer) error {
	proxy, stdout, err := sdk.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return err
	}
	stack, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return err
	}
	folder := request.Info.ProgramDirectory
	words := append(append([]string{"-u", "-m", "pulumi.policy"}, request.Args...), folder)
	command, err := interpreter(ctx, request.Info, words...)
	if err != nil {
		return err
	}
	if stack != nil {
		config, err := asJSON(stack.Config)
		if err != nil {
			return err
		}
		command.Env = append(command.Env,
			"PULUMI_ORGANIZATION="+stack.Organization, "PULUMI_PROJECT="+stack.Project, "PULUMI_STACK="+stack.Stack,
			"PULUMI_DRY_RUN="+strconv.FormatBool(stack.DryRun), "PULUMI_CONFIG="+config)
	}
	command.Dir, command.Stdout, command.Stderr = folder, stdout, stderr
	command.Env = append(command.Env, request.Env...)
	if err := command.Start(); err != nil {
		return err
	}
	return proxy.Attach(ctx, command)
}

// GeneratePackage: the Python SDK of a package, from its schema.
func (h *host) GeneratePackage(
	_ context.Context, request *pulumirpc.GeneratePackageRequest,
) (*pulumirpc.GeneratePackageResponse, error) {
	client, err := schema.NewLoaderClient(request.LoaderTarget)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	loader := schema.NewCachedLoader(client)
	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(request.Schema), &spec); err != nil {
		return nil, err
	}
	bound, problems, err := schema.BindSpec(spec, loader, schema.ValidationOptions{AllowDanglingReferences: true})
	if err != nil {
		return nil, err
	}
	if problems.HasErrors() {
		return nil, problems
	}
	files, err := python.GeneratePackage("pulumi-language-python", bound, request.ExtraFiles, loader)
	if err != nil {
		return nil, err
	}
	for name, content := range files {
		file := filepath.Join(request.Directory, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return nil, err
		}
	}
	return &pulumirpc.GeneratePackageResponse{}, nil
}

// Link: nothing is installed, so whoever uses the generated SDK puts its folder on PYTHONPATH.
func (h *host) Link(_ context.Context, request *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	response := &pulumirpc.LinkResponse{}
	for _, each := range request.Packages {
		response.ImportInstructions += "PYTHONPATH=" + each.Path + "\n"
	}
	return response, nil
}
