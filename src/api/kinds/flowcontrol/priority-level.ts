import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";
import { duplicateConditions } from "./flow-schema.ts";

const specPath = root("spec");
const exemptName = "exempt";
const sharesDefault = 30;
const queuingDefaults = { handSize: 8, queues: 64, queueLengthLimit: 50 };
const queuesMax = 10_000_000;
/** Hands of queues are dealt from so many random bits. */
const entropyBitsMax = 60;

export const priorityLevelStrategy: KindStrategy = {
  applyDefaults: (level: PriorityLevelConfiguration) => applyDefaults(level),
  validate: (level: PriorityLevelConfiguration) => checkLevel(level),
  validateUpdate: (level: PriorityLevelConfiguration) => checkLevel(level),
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate: (level: PriorityLevelConfiguration) => duplicateConditions(level.status?.conditions ?? []),
    },
  },
  table: {
    columns: [
      nameColumn,
      text("Type"),
      text("NominalConcurrencyShares"),
      text("Queues"),
      text("HandSize"),
      text("QueueLengthLimit"),
      ageColumn,
    ],
    cells(level: PriorityLevelConfiguration, now) {
      const { type, limited, exempt } = level.spec;
      const queuing = limited?.limitResponse?.queuing;
      return [
        nameOf(level),
        type,
        limited?.nominalConcurrencyShares ?? exempt?.nominalConcurrencyShares ?? none,
        queuing?.queues ?? none,
        queuing?.handSize ?? none,
        queuing?.queueLengthLimit ?? none,
        ageOf(level, now),
      ];
    },
  },
};

function applyDefaults({ spec }: PriorityLevelConfiguration): void {
  if (spec.type === "Exempt") spec.exempt ??= {};
  const { exempt, limited } = spec;
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= sharesDefault;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.handSize ||= queuingDefaults.handSize;
  queuing.queues ||= queuingDefaults.queues;
  queuing.queueLengthLimit ||= queuingDefaults.queueLengthLimit;
}

function checkLevel({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const out: FieldError[] = [];
  const { type, limited, exempt } = spec;
  const typePath = specPath.child("type");
  const exemptPath = specPath.child("exempt");
  const limitedPath = specPath.child("limited");
  const isExempt = metadata.name === exemptName;
  if (isExempt !== (type === "Exempt")) {
    if (isExempt || type === "Exempt") {
      const detail = "type must be 'Exempt' if and only if `name` is 'exempt'";
      out.push(fieldError.invalid(typePath, type, detail));
    }
  }
  switch (type) {
    case "Exempt":
      if (limited) out.push(fieldError.forbidden(limitedPath, "must be nil if the type is not Limited"));
      if (exempt) checkExempt(exempt, exemptPath, out);
      break;
    case "Limited":
      if (exempt) out.push(fieldError.forbidden(exemptPath, "must be nil if the type is Limited"));
      if (limited) checkLimited(limited, limitedPath, out);
      else out.push(fieldError.required(limitedPath, "must not be empty when type is Limited"));
      break;
    default:
      out.push(fieldError.notSupported(typePath, type ?? "", ["Exempt", "Limited"]));
  }
  return out;
}

function checkExempt(exempt: ExemptPriorityLevelConfiguration, path: FieldPath, out: FieldError[]): void {
  checkShares(exempt.nominalConcurrencyShares, path, out);
  checkLendable(exempt.lendablePercent, path, out);
}

function checkShares(shares: number | undefined, path: FieldPath, out: FieldError[]): void {
  if (shares === undefined || shares >= 0) return;
  out.push(fieldError.invalid(path.child("nominalConcurrencyShares"), shares, "must be a non-negative integer"));
}

function checkLendable(percent: number | undefined, path: FieldPath, out: FieldError[]): void {
  if (percent === undefined || (percent >= 0 && percent <= 100)) return;
  out.push(fieldError.invalid(path.child("lendablePercent"), percent, "must be between 0 and 100, inclusive"));
}

function checkLimited(limited: LimitedPriorityLevelConfiguration, path: FieldPath, out: FieldError[]): void {
  checkShares(limited.nominalConcurrencyShares, path, out);
  checkResponse(limited.limitResponse ?? { type: "" }, path.child("limitResponse"), out);
  checkLendable(limited.lendablePercent, path, out);
  const borrowing = limited.borrowingLimitPercent;
  if (borrowing !== undefined && borrowing < 0) {
    const detail = "if specified, must be a non-negative integer";
    out.push(fieldError.invalid(path.child("borrowingLimitPercent"), borrowing, detail));
  }
}

function checkResponse({ type, queuing }: LimitResponse, path: FieldPath, out: FieldError[]): void {
  const queuingPath = path.child("queuing");
  if (type === "Reject") {
    if (!queuing) return;
    out.push(fieldError.forbidden(queuingPath, "must be nil if limited.limitResponse.type is not Limited"));
  } else if (type === "Queue") {
    if (queuing) checkQueuing(queuing, queuingPath, out);
    else out.push(fieldError.required(queuingPath, "must not be empty if limited.limitResponse.type is Limited"));
  } else out.push(fieldError.notSupported(path.child("type"), type ?? "", ["Queue", "Reject"]));
}

function checkQueuing(queuing: QueuingConfiguration, path: FieldPath, out: FieldError[]): void {
  const { queueLengthLimit = 0, queues = 0, handSize = 0 } = queuing;
  const positive = "must be positive";
  if (queueLengthLimit <= 0) out.push(fieldError.invalid(path.child("queueLengthLimit"), queueLengthLimit, positive));
  if (queues <= 0) out.push(fieldError.invalid(path.child("queues"), queues, positive));
  else if (queues > queuesMax) {
    out.push(fieldError.invalid(path.child("queues"), queues, `must not be greater than ${queuesMax}`));
  }
  const handPath = path.child("handSize");
  if (handSize <= 0) out.push(fieldError.invalid(handPath, handSize, positive));
  else if (handSize > queues) {
    out.push(fieldError.invalid(handPath, handSize, `should not be greater than queues (${queues})`));
  } else if (Math.ceil(Math.log2(queues) * handSize) > entropyBitsMax) {
    const needed = `required entropy bits of deckSize ${queues} and handSize ${handSize}`;
    out.push(fieldError.invalid(handPath, handSize, `${needed} should not be greater than ${entropyBitsMax}`));
  }
}
