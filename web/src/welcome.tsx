// What one sees before the first span, and the help page: what to send where,
// what to ask, which keys work.
import { Copy } from './parts.tsx';

const apiPort = 16686;

/** port of a receiver: all ports are shifted by as much as the page's own. */
function port(usual: number): number {
  const shift = Number(location.port) - apiPort;
  return shift > 0 && usual + shift < 65536 ? usual + shift : usual;
}

const host = (): string => location.hostname || '127.0.0.1';

const firstSpan = (): string =>
  `curl -sS http://${host()}:${port(4318)}/v1/traces -H 'Content-Type: application/json' -d '{"resourceSpans":[{"resource":
{"attributes":[{"key":"service.name","value":{"stringValue":"hello"}}]},"scopeSpans":[{"spans":[{"traceId":
"'$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')'","spanId":"'$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n')'","name":"GET /hello","kind":2,
"startTimeUnixNano":"'$(date +%s)000000000'","endTimeUnixNano":"'$(date +%s)250000000'"}]}]}]}'`;

export function Welcome() {
  return (
    <div class="welcome">
      <h1>Waiting for the first span</h1>
      <p>JCallGraph shows who calls whom, how often, how fast, and what failed. It needs spans to do so: this page changes by itself when the first one is in.</p>
      <Send />
    </div>
  );
}

function Send() {
  const sdk = `OTEL_EXPORTER_OTLP_ENDPOINT=http://${host()}:${port(4318)}`;
  return (
    <>
      <h2>Try it: send one span</h2>
      <div class="command"><pre tabIndex={0} aria-label="Command that sends a span">{firstSpan()}</pre><Copy text={firstSpan()} what="the command" /></div>
      <h2>Or point an OpenTelemetry SDK here</h2>
      <div class="command"><pre tabIndex={0} aria-label="Setting of an SDK">{sdk}</pre><Copy text={sdk} what="the setting" /></div>
      <p class="quiet">OTLP over HTTP on port {port(4318)}, over gRPC on port {port(4317)}, unless the configuration says otherwise.</p>
    </>
  );
}

const words: [string, string][] = [
  ['chain', 'One request with all the calls it caused: a trace as a tree.'],
  ['entrance', 'The operation by which a request came in.'],
  ['edge', 'All calls from one operation or service to another.'],
  ['origin', 'The failed span that no failed child explains: where a failure began.'],
  ['logical chain', 'All chains that carry one business key, such as an order’s number, or a key that is linked with it.'],
  ['strong', 'A dependency: when the call fails, the calls after it are not made.'],
  ['weak', 'When the call fails, some or all of the calls after it are still made.'],
  ['conditional', 'Strong for some failures, weak for others.'],
  ['unknown', 'Too little evidence for a verdict, which is how every dependency begins.'],
  ['soft error', 'The call succeeded, its business did not.'],
  ['short ID', 'Eight digits of the trace ID: enough to find a chain.'],
];

const keys: [string, string][] = [
  ['/', 'search: a name, an order’s number, an ID or a whole log line'], ['arrows', 'walk the graph, the spans of a chain, or a list'], ['Enter', 'open what is chosen'],
  ['u d', 'more hops to callers, to callees (with Shift: fewer)'], ['e', 'next failed span of a chain (with Shift: the one before)'], ['s', 'why the chosen call is strong or weak'], ['l', 'follow more links between business keys (with Shift: fewer)'],
  ['← →', 'close and open a span'], ['Esc', 'close an edge, evidence or suggestions, clear the search'], ['?', 'this page'],
];

const endpoints: [string, string][] = [
  ['api/jcg/v1/map', 'services and the calls between them'], ['api/jcg/v1/neighbourhood?service=hello', 'one service or operation, hops both ways'],
  ['api/jcg/v1/failures', 'the latest failures, grouped'], ['api/jcg/v1/entrances', 'operations that nothing in the traces calls'],
  ['api/jcg/v1/chains', 'search'], ['api/jcg/v1/chains/{id}', 'one chain by its trace ID or short ID'], ['api/jcg/v1/search?q=hello', 'names, business keys, IDs, log lines'],
  ['api/jcg/v1/logical-chains/{kind}/{value}', 'all chains that carry a business key'], ['api/jcg/v1/logical-chains/{kind}/{value}/spans', 'their spans as OTLP JSON'],
  ['api/jcg/v1/dependencies', 'strong and weak dependencies'], ['api/jcg/v1/dependencies/{id}', 'the evidence behind one'],
  ['api/jcg/v1/health', 'how fresh the graph is and what it holds'], ['api/jcg/v1/openapi.yaml', 'all of these, as OpenAPI'],
  ['api/services', 'Jaeger: names of services'], ['api/traces?service=hello', 'Jaeger: search'], ['api/traces/{id}', 'Jaeger: one trace'],
  ['api/v3/traces/{id}', 'the same as OTLP JSON'], ['api/v3/services', 'Jaeger 3: also operations, traces, trace-summaries'], ['api/dependencies', 'Jaeger: calls between services'],
];

export function HelpView() {
  return (
    <div class="welcome">
      <h1>Help</h1>
      <h2>Words</h2>
      <dl class="pairs">{words.map(([word, meaning]) => <div><dt>{word}</dt><dd>{meaning}</dd></div>)}</dl>
      <h2>Keys</h2>
      <dl class="pairs">{keys.map(([key, meaning]) => <div><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div>)}</dl>
      <Send />
      <h2>Ask by HTTP</h2>
      <dl class="pairs wide">{endpoints.map(([path, meaning]) => (
        <div><dt>{path.includes('{') || path.includes('=') ? <code>{path}</code> : <a href={path}><code>{path}</code></a>}</dt><dd>{meaning}</dd></div>
      ))}</dl>
      <p class="quiet">Grafana’s Jaeger data source and Jaeger’s own UI work with this address too.</p>
    </div>
  );
}
