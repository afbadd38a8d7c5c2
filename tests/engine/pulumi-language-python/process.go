package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// A Python process that the engine asks for.
type process struct {
	info        *pulumirpc.ProgramInfo
	words       []string
	folder      string // empty: this host's own
	environment []string
	out, errors io.Writer
}

// The process, running under the interpreter of the uv project around it, or of the folder that its options name.
func (p *process) start(ctx context.Context) (*exec.Cmd, error) {
	where := toolchain.PythonOptions{Root: p.info.RootDirectory, ProgramDir: p.info.ProgramDirectory}
	fields := p.info.Options.GetFields()
	where.Virtualenv = fields["virtualenv"].GetStringValue()
	where.Toolchain = toolchain.Pip
	if fields["toolchain"].GetStringValue() == "uv" {
		where.Toolchain = toolchain.Uv
	}
	python, err := toolchain.ResolveToolchain(where)
	if err != nil {
		return nil, err
	}
	running, err := python.Command(ctx, p.words...)
	if err != nil {
		return nil, err
	}
	if running.Env == nil {
		running.Env = os.Environ()
	}
	running.Env = append(running.Env, p.environment...)
	running.Dir, running.Stdout, running.Stderr = p.folder, p.out, p.errors
	return running, running.Start()
}

// The exit code of a process that ran, whatever it is.
func exitCode(err error) (int, error) {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode(), nil
	}
	return 0, err
}

// A stack's config as Python's SDK reads it; no config is an empty object, not null.
func configVariable(config map[string]string) string {
	values := map[string]string{}
	maps.Copy(values, config)
	return "PULUMI_CONFIG=" + inJSON(values)
}

func inJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings, and lists and maps of them, always can
	}
	return string(text)
}

// Run: a program, under the start script that Pulumi's SDK ships; `make engine` puts it beside this host.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program := &process{info: request.Info, out: os.Stdout, errors: os.Stderr}
	program.words = []string{own + "-exec"}
	for option, value := range map[string]string{
		"--engine":         h.engine,
		"--monitor":        request.MonitorAddress,
		"--organization":   request.Organization,
		"--project":        request.Project,
		"--stack":          request.Stack,
		"--pwd":            request.Pwd,
		"--root_directory": request.Info.RootDirectory,
		"--dry_run":        strconv.FormatBool(request.DryRun),
		"--parallel":       strconv.Itoa(int(request.Parallel)),
	} {
		program.words = append(program.words, option, value)
	}
	program.words = append(program.words, request.Info.ProgramDirectory)
	program.environment = []string{
		configVariable(request.Config),
		"PULUMI_CONFIG_SECRET_KEYS=" + inJSON(append([]string{}, request.ConfigSecretKeys...)),
	}
	running, err := program.start(ctx)
	if err != nil {
		return nil, err
	}
	code, err := exitCode(running.Wait())
	switch {
	case err != nil:
		return nil, err
	case code == shownAlready:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case code != 0:
		return &pulumirpc.RunResponse{Error: "the program ended with exit code " + strconv.Itoa(code)}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// What the start script exits with when the program's error has been shown.
const shownAlready = 32
