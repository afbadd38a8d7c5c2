// A Python language host for the Pulumi CLI in tests: a program of its own, for Pulumi's isn't published as a Go module.
// The CLI asks it to run Python (programs, policy packs, components) and to generate SDKs. It installs nothing:
// dependencies are where `make setup` put them.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

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
