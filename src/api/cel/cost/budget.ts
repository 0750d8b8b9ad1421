import { ExpressionError } from "../expression-error.ts";

/** What several evaluations may cost together is spent: none that would follow is made. */
export class OutOfBudgetError extends ExpressionError {
  override readonly name = "OutOfBudgetError";

  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

/** What the evaluations about one object may cost together. */
export class CostBudget {
  remaining: number;

  constructor(total: number) {
    this.remaining = total;
  }

  /** @throws OutOfBudgetError */
  spend(cost: number): void {
    if (cost > this.remaining) {
      this.remaining = -1;
      throw new OutOfBudgetError();
    }
    this.remaining -= cost;
  }
}
