import type { Secret, ServiceAccount } from "../../api/types/index.ts";
import type { Counter, Host } from "../../host/index.ts";

/** Says when a secret's token was last used; written at most once a day. */
const lastUsedLabel = "kubernetes.io/legacy-token-last-used";
const dayMs = 24 * 3_600_000;

/** Writes the day into the secret's label. Returns at once; what cannot be written is the writer's matter. */
export type NoteLastUse = (secret: Secret, label: string, day: string) => void;

/** Counts and notes that tokens of secrets are used: those that nobody uses are cleaned up. */
export class LegacyTokenUses {
  readonly #host: Host;
  readonly #note: NoteLastUse;
  readonly #all: Counter;
  readonly #manual: Counter;
  readonly #auto: Counter;
  readonly #invalid: Counter;

  constructor(host: Host, note: NoteLastUse) {
    this.#host = host;
    this.#note = note;
    const counter = (name: string, help: string) => host.metrics.counter({ name, help });
    this.#all = counter("serviceaccount_legacy_tokens_total", "Uses of tokens of service accounts that do not expire.");
    this.#manual = counter("serviceaccount_legacy_manual_token_uses_total", "Uses of tokens in secrets made by hand.");
    this.#auto = counter("serviceaccount_legacy_auto_token_uses_total", "Uses of tokens made with their account.");
    this.#invalid = counter(
      "serviceaccount_invalid_legacy_auto_token_uses_total",
      "Uses of tokens that were declared invalid because nobody had used them.",
    );
  }

  /** A good token was shown. */
  used(account: ServiceAccount, secret: Secret): void {
    this.#all.inc();
    const isAuto = account.secrets?.some(({ name }) => name === secret.metadata.name) ?? false;
    (isAuto ? this.#auto : this.#manual).inc();
    this.#noteDay(secret);
  }

  /** One that has been declared invalid was shown: who still has it is told by the label. */
  refused(secret: Secret): void {
    this.#invalid.inc();
    this.#noteDay(secret);
  }

  #noteDay(secret: Secret): void {
    const day = (offsetMs: number) => new Date(this.#host.clock.now() + offsetMs).toISOString().slice(0, 10);
    const known = secret.metadata.labels?.[lastUsedLabel];
    // Another API server's clock may be ahead.
    if (known === day(0) || known === day(dayMs)) return;
    this.#note(secret, lastUsedLabel, day(0));
  }
}
