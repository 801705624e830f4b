package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/service"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/supervisor"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
	"github.com/jcallgraph/jcallgraph/internal/portoffset"
)

// Ports without JCG_PORT_OFFSET.
const (
	portCollector = 4319
	portGateway   = 13080
)

// flags are those that all commands share.
type flags struct {
	collector, logs, data string
	rate                  float64
	timeout               time.Duration
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "shop",
		Short:         "An example shop whose services call each other and fail in known ways",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	f := &flags{}
	all := root.PersistentFlags()
	all.StringVar(&f.collector, "collector", "", "host:port that takes spans in the compact format (default 127.0.0.1:4319 + $JCG_PORT_OFFSET)")
	all.StringVar(&f.logs, "log", "", "directory for log lines, a file a service (default: none are kept)")
	all.StringVar(&f.data, "data", "", "directory for the messages of the shop's own broker (default: they are kept in memory)")
	all.Float64Var(&f.rate, "rate", 15, "requests a second of load")
	all.DurationVar(&f.timeout, "timeout", 400*time.Millisecond, "how long payment and carrier may take")
	root.AddCommand(newUp(f))
	for _, role := range service.Roles {
		root.AddCommand(newRole(f, role))
	}
	return root
}

func newUp(f *flags) *cobra.Command {
	var gateway, broker string
	cmd := &cobra.Command{
		Use:   "up [-- COMMAND ARGUMENT...]",
		Short: "Run the whole shop, each service as a process; with COMMAND beside it, until that ends",
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "host:port of the gateway (default 127.0.0.1:13080 + $JCG_PORT_OFFSET)")
	cmd.Flags().StringVar(&broker, "broker", os.Getenv("KAFKA_BROKER"), "host:port of a Kafka broker (default $KAFKA_BROKER, else the shop's own)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("own executable: %w", err)
		}
		c := supervisor.Config{
			Program: program, Broker: broker, Logs: f.logs, Rate: f.rate, Timeout: f.timeout, Command: args, Output: cmd.ErrOrStderr(),
		}
		if c.Collector, err = orLocal(f.collector, portCollector); err != nil {
			return err
		}
		if c.Gateway, err = orLocal(gateway, portGateway); err != nil {
			return err
		}
		code, err := supervisor.Run(cmd.Context(), c)
		if err == nil && code != 0 {
			err = exitCode(code)
		}
		return err
	}
	return cmd
}

func newRole(f *flags, role service.Role) *cobra.Command {
	at := map[string]string{}
	var inherit bool
	cmd := &cobra.Command{
		Use:   role.Name,
		Short: role.Does,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.serve(cmd.Context(), role, at, inherit)
		},
	}
	cmd.Flags().StringToStringVar(&at, "at", nil, "addresses by service, as in gateway=127.0.0.1:13080,order=127.0.0.1:13081")
	cmd.Flags().BoolVar(&inherit, "inherit", false, "take the listener over as file descriptor 3")
	return cmd
}

// serve runs one service until ctx ends, and sends its last spans.
func (f *flags) serve(ctx context.Context, role service.Role, at map[string]string, inherit bool) (err error) {
	env := service.Env{At: at, Rate: f.rate, Deadline: f.timeout, Data: f.data}
	if role.Listens {
		if env.Listener, err = transport.Listen(ctx, at[role.Name], inherit); err != nil {
			return err
		}
	}
	if role.Traced {
		stop, err := f.trace(ctx, role.Name)
		if err != nil {
			return err
		}
		defer stop()
	}
	if err := role.Run(ctx, env); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", role.Name, err)
	}
	return nil
}

// flush is how long a service that ends may take to send its last spans.
const flush = time.Second

func (f *flags) trace(ctx context.Context, name string) (stop func(), err error) {
	o := telemetry.Options{Service: name, Log: io.Discard}
	if o.Collector, err = orLocal(f.collector, portCollector); err != nil {
		return nil, err
	}
	if f.logs != "" {
		file, err := os.OpenFile(filepath.Join(f.logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, fmt.Errorf("log of %s: %w", name, err)
		}
		o.Log = file // closed by the process's end: the last spans may fail to be sent
	}
	end, err := telemetry.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flush)
		defer cancel()
		_ = end(ctx) // a collector that is gone: nobody to tell
	}, nil
}

// orLocal is the given address, else the port on this machine, moved by
// JCG_PORT_OFFSET as the collector's ports are.
func orLocal(given string, port int) (string, error) {
	if given != "" {
		return given, nil
	}
	return portoffset.Local(os.Getenv, port)
}
