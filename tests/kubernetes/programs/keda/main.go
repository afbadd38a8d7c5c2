// KEDA's metrics server from KEDA's own packages. Its own program, cmd/adapter, serves its own metrics too, on every
// interface of the machine; this one listens on the address that it is given and on no other.
package main

import (
	"fmt"
	"os"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	keda "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"github.com/kedacore/keda/v2/pkg/metricsservice"
	"github.com/kedacore/keda/v2/pkg/provider"
	"github.com/kedacore/keda/v2/pkg/util"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctrl.SetLogger(zap.New())
	ctx := ctrl.SetupSignalHandler()
	adapter := &cmd.AdapterBase{Name: "keda-adapter"}
	operator := adapter.Flags().String("metrics-service-address", "", "where the operator answers")
	if err := adapter.Flags().Parse(os.Args); err != nil {
		return err
	}
	if err := keda.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Metrics: server.Options{BindAddress: "0"},
		Scheme:  scheme.Scheme,
		Cache:   cache.Options{DefaultTransform: util.CacheObjectTransform},
	})
	if err != nil {
		return err
	}
	certificates := adapter.SecureServing.ServerCert.CertDirectory
	client, err := metricsservice.NewGrpcClient(
		ctx, *operator, certificates, "", "", grpcprom.NewClientMetrics(), false)
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	go func() { ended <- manager.Start(ctx) }()
	adapter.WithExternalMetrics(provider.NewProvider(ctx, ctrl.Log, manager.GetClient(), *client))
	go func() { ended <- adapter.Run(ctx) }()
	return <-ended
}
