/** Flags or files that say which plugins there are and how they are set cannot be followed. */
export class AdmissionConfigError extends Error {
  override readonly name = "AdmissionConfigError";
}
