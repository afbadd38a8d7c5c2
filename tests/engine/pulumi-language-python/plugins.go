package main

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"strconv"
	"sync"

	sdk "github.com/pulumi/pulumi/sdk/v3"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// RunPlugin: components, or a policy pack.
func (h *host) RunPlugin(request *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer) error {
	answers := &relay{stream: stream}
	plugin := &process{
		info:        request.Info,
		words:       append([]string{request.Info.ProgramDirectory}, request.Args...),
		folder:      request.Pwd,
		environment: request.Env,
		out:         written(answers.output),
		errors:      written(answers.problems),
	}
	wait := (*exec.Cmd).Wait
	if request.Kind == "analyzer" {
		var err error
		if wait, err = plugin.asPolicyPack(stream.Context(), request.Args); err != nil {
			return err
		}
	}
	running, err := plugin.start(stream.Context())
	if err != nil {
		return err
	}
	code, err := exitCode(wait(running))
	if err != nil {
		return err
	}
	return answers.exit(code)
}

// Makes a policy pack of a plugin. The packs of Pulumi's SDK take the stack and its config from their environment, and
// the engine sends both to a plugin that runs. Pulumi's SDK has a proxy that runs instead until they are there, and
// passes on what follows: how to wait for the pack through it is the answer.
func (p *process) asPolicyPack(ctx context.Context, words []string) (func(*exec.Cmd) error, error) {
	proxy, out, err := sdk.NewPolicyProxy(ctx, p.out)
	if err != nil {
		return nil, err
	}
	p.out, p.folder = out, p.info.ProgramDirectory
	p.words = append([]string{"-u", "-m", "pulumi.policy"}, append(words, p.folder)...)
	stack, err := proxy.AwaitConfiguration(ctx)
	if stack != nil { // none where a pack is only described
		p.environment = append(p.environment,
			configVariable(stack.Config),
			"PULUMI_DRY_RUN="+strconv.FormatBool(stack.DryRun),
			"PULUMI_ORGANIZATION="+stack.Organization,
			"PULUMI_PROJECT="+stack.Project,
			"PULUMI_STACK="+stack.Stack,
		)
	}
	return func(pack *exec.Cmd) error { return proxy.Attach(ctx, pack) }, err
}

// What a plugin writes, on its way to the engine: a message at a time, for a stream takes no two at once.
type relay struct {
	stream pulumirpc.LanguageRuntime_RunPluginServer
	turn   sync.Mutex
}

func (r *relay) send(message *pulumirpc.RunPluginResponse) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	return r.stream.Send(message)
}

func (r *relay) output(text []byte) error {
	return r.send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: text}})
}

func (r *relay) problems(text []byte) error {
	return r.send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: text}})
}

func (r *relay) exit(code int) error {
	return r.send(&pulumirpc.RunPluginResponse{
		Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)}, //nolint:gosec
	})
}

// A writer that hands on what it gets.
type written func([]byte) error

var _ io.Writer = written(nil)

func (w written) Write(text []byte) (int, error) {
	return len(text), w(bytes.Clone(text))
}
