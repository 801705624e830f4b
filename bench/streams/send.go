package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/bench/internal/generated"
	"github.com/jcallgraph/jcallgraph/wire/client"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// command is the first argument of a process that is to send.
const command = "send"

// sent is for main: where this process was started to send it does so until it
// is killed.
func sent() {
	if len(os.Args) < 2 || os.Args[1] != command {
		return
	}
	if err := send(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "send:", err)
		os.Exit(1)
	}
}

// state is that of all clients of a process.
type state struct {
	Connected      int    // streams that are open
	Waiting        int64  // sends that are not acknowledged
	Streams, Spans uint64 // begun, acknowledged
	Failed         int64  // sends
	Lost           int64  // streams, and attempts to have one
	Why            string // the last of them was
}

// clients are those of a process.
type clients struct {
	all             []*sending
	waiting, failed atomic.Int64
	lost            atomic.Int64
	why             atomic.Value
}

// sending is one client and what it sends.
type sending struct {
	*client.Client
	instance *generated.Instance
}

func send(args []string) error {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	to := flags.String("to", "", "address of the collector")
	from := flags.String("from", "", "address to connect from, so that there are ports enough")
	n := flags.Int("clients", 0, "how many")
	first := flags.Int("first", 0, "number of the first")
	control := flags.String("control", "", "address for the benchmark")
	if err := flags.Parse(args); err != nil {
		return err
	}
	source := net.ParseIP(*from)
	if source == nil {
		return errors.New("-from is no IP address")
	}
	var c clients
	for i := range *n {
		c.all = append(c.all, &sending{client.New(client.Options{Dial: dial(*to, source), Report: c.report}), generated.New(*first + i)})
	}
	http.HandleFunc("/state", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(c.state()) }) // who asked may have gone
	http.HandleFunc("/send", func(http.ResponseWriter, *http.Request) { c.each(c.once) })
	http.HandleFunc("/trickle", func(http.ResponseWriter, *http.Request) { c.each(c.trickle) })
	return (&http.Server{Addr: *control}).ListenAndServe() //nolint:gosec // on loopback
}

func dial(to string, from net.IP) func(context.Context) (*grpc.ClientConn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	return func(context.Context) (*grpc.ClientConn, error) {
		return grpc.NewClient("passthrough:///"+to, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, "tcp", address)
			}))
	}
}

func (c *clients) state() (s state) {
	for _, one := range c.all {
		stats := one.Stats()
		if stats.Connected {
			s.Connected++
		}
		s.Streams += stats.Streams
		s.Spans += stats.Spans
	}
	s.Waiting, s.Failed, s.Lost = c.waiting.Load(), c.failed.Load(), c.lost.Load()
	s.Why, _ = c.why.Load().(string)
	return s
}

func (c *clients) report(why error) {
	c.lost.Add(1)
	c.why.Store(why.Error())
}

func (c *clients) each(do func(*sending)) {
	c.waiting.Add(int64(len(c.all)))
	for _, one := range c.all {
		go do(one)
	}
}

// once sends a local trace.
func (c *clients) once(one *sending) {
	defer c.waiting.Add(-1)
	if err := one.Send(context.Background(), wirepdata.NewSource(one.instance.Batch(1))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		c.failed.Add(1)
	}
}

// trickle sends one a second, until the process ends.
func (c *clients) trickle(one *sending) {
	time.Sleep(rand.N(time.Second))
	for range time.Tick(time.Second) {
		c.waiting.Add(1)
		c.once(one)
	}
}
