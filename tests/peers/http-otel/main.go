// A small JSON service, bare or instrumented with the OpenTelemetry SDK (otelhttp; traces and metrics by OTLP over HTTP): what
// tests/bench/cost and tests/bench/latency compare redstart with. Runs only there; trusts its caller.
//
//	http-otel bare PORT
//	http-otel sdk PORT OTLP_ENDPOINT
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
)

type item struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Price float64  `json:"price"`
	Tags  []string `json:"tags"`
}

func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	items := []item{{1, "redstart", 12.5, []string{"bird", "small"}}, {2, "kestrel", 80, []string{"bird", "fast"}}}
	if err := json.NewEncoder(w).Encode(items); err != nil {
		log.Print(err)
	}
}

// instrument is what the SDK's own documentation tells to do, with its default batching and sampling.
func instrument(handler http.Handler, endpoint string) http.Handler {
	ctx := context.Background()
	spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"))
	if err != nil {
		log.Fatal(err)
	}
	points, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint+"/v1/metrics"))
	if err != nil {
		log.Fatal(err)
	}
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithBatcher(spans)))
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(points))))
	return otelhttp.NewHandler(handler, "json")
}

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: http-otel bare PORT | sdk PORT OTLP_ENDPOINT")
	}
	var handler http.Handler = http.HandlerFunc(answer)
	if os.Args[1] == "sdk" {
		handler = instrument(handler, os.Args[3])
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[2], handler))
}
