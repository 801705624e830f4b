// Random values that are the same in every run.
export class Random {
  constructor(private state: number) {}

  next(): number { // mulberry32
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** text with what URLs, markup and languages have. */
  text(): string {
    const pieces = ['', 'a', 'GET /x', '&', '=', '?', '#', '%', '%zz', '+', ' ', ',', '~', '/', '<b>', '"', '\n', 'é', '漢', '😀', '../', '%2F', '\u0000'];
    return Array.from({ length: this.below(6) }, () => this.pick(pieces)).join('');
  }
}
