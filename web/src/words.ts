// The words for what the API names, said once. An outcome is told by its word
// and its sign too, never by colour alone.
import type { Edge, Failure, Node, NodeKind, Outcome, Outcomes, Operation, Service } from './api.ts';

export const outcomeWord: Record<Outcome, string> = {
  ok: 'ok', soft_error: 'soft error', error: 'error', timeout: 'timeout', rejected: 'rejected', cancelled: 'cancelled',
};

export const outcomeSign: Record<Outcome, string> = { ok: '✓', soft_error: '▲', error: '✕', timeout: '✕', rejected: '⊘', cancelled: '⊖' };

export const outcomeMeaning: Record<Outcome, string> = {
  ok: 'Ended well.',
  soft_error: 'The call succeeded, its business did not: marked by an attribute or a handled exception.',
  error: 'Failed.',
  timeout: 'Failed because time ran out.',
  rejected: 'Refused: the caller’s fault, or shed load.',
  cancelled: 'Given up by the caller.',
};

export const outcomes: Outcome[] = ['ok', 'soft_error', 'error', 'timeout', 'rejected', 'cancelled'];

export const tone = (outcome: Outcome): string =>
  outcome === 'error' || outcome === 'timeout' ? 'bad' : outcome === 'soft_error' ? 'soft' : outcome === 'ok' ? 'fine' : 'other';

/** softCalls as whoever saw more of them: a caller that got its answer may not know. */
export const softCalls = ({ outcomes, serverOutcomes }: { outcomes: Outcomes; serverOutcomes?: Outcomes }): number =>
  Math.max(outcomes.soft_error ?? 0, serverOutcomes?.soft_error ?? 0);

/** calleeSaw is how calls ended for the callee, where that differs from what the caller saw; what went well is not told. */
export const calleeSaw = ({ outcomes: seen, serverOutcomes: saw }: Edge): [Outcome, number][] =>
  outcomes.filter((o) => o !== 'ok' && (saw?.[o] ?? 0) > 0 && saw?.[o] !== seen[o]).map((o) => [o, saw![o]!]);

const kindName: Record<NodeKind, string> = { observed: '', virtual: '', unknown: 'Unknown caller', outside: 'Outside' };

export const kindMeaning: Record<NodeKind, string> = {
  observed: '',
  virtual: 'Known from its callers only: it sends no spans.',
  unknown: 'Callers whose spans never arrived.',
  outside: 'Callers outside of the traces: users, jobs, other systems.',
};

const unnamed = 'unknown_peer'; // of a peer that its clients don't name

export const peerName = (peer: string): string => (peer === unnamed ? 'Unknown peer' : peer);

/** beyondPeer is an operation without its peer's name, which stands before it: spans of messages often repeat their topic, "orders publish". */
export const beyondPeer = (peer: string, operation: string): string => operation.split(' ').filter((word) => word !== peer).join(' ');

export const nodeName = (node: Node): string => kindName[node.kind] || peerName(node.service) || '(no name)';
export const linkable = (node: Node): boolean => node.kind === 'observed' || node.kind === 'virtual';

/** full name of a service, for a tooltip. */
export function fullName(at: Service & { operation?: string }): string {
  const where = [at.namespace && `namespace ${at.namespace}`, at.environment && `environment ${at.environment}`].filter(Boolean).join(', ');
  return [at.service, at.operation].filter(Boolean).join(' · ') + (where && ` (${where})`);
}

export const operationName = (at: Operation): string => at.operation || '(no name)';

/** happened tells a failure in one clause: "failed: StockError: sold out". */
export function happened(failure: Failure): string {
  const verb = { timeout: 'timed out', soft_error: 'reported a soft error', rejected: 'was rejected', cancelled: 'was cancelled', ok: 'ended well', error: 'failed' }[failure.outcome];
  const why = reason(failure);
  return why ? `${verb}: ${why}` : verb;
}

/** reason that a failure gives. That of a soft error is not how well the transport did. */
export function reason({ outcome, source, errorType, message }: Failure): string {
  const type = outcome === 'soft_error' && /^(HTTP )?2\d\d$/.test(errorType) ? '' : errorType;
  if (!type && !message && outcome === 'soft_error') return `marked by ${source}`;
  return type && message && !message.startsWith(type) ? `${type}: ${message}` : message || type;
}

/** label of an origin: whether it is why the chain failed. */
export const originLabel = ({ outcome, handled }: Failure): string => (outcome === 'soft_error' ? '▲ Soft error' : handled ? '✕ Handled' : '✕ Root cause');

export const connectionWord: Record<string, string> = { '': 'call', http: 'HTTP', rpc: 'RPC', messaging: 'messages', database: 'database' };

/** exactly tells what a search by attribute that found nothing looked for. */
export const exactly = (pair: string, during: string): string =>
  `No span has ${pair} ${during}. It must be an attribute of one span, with exactly this value.`;
