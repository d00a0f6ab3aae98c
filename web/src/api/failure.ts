// SPDX-License-Identifier: Apache-2.0
import type { ErrorBody } from './types';

export type FailureKind = 'away' | 'unauthorized' | 'refused';

/** Why there is no answer: nobody answered, nobody may ask, or the question was refused. */
export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    readonly body: ErrorBody,
    readonly statement: string,
    readonly httpStatus = 0,
  ) {
    super(body.message ?? 'no answer from the daemon');
  }
}

export function away(statement: string): Failure {
  return new Failure('away', { code: 'away', message: 'No answer from the daemon.' }, statement);
}

/** Reads the error form of the daemon; a proxy's HTML page becomes its status line. */
export function failureOf(status: number, text: string, statement: string): Failure {
  const kind = status === 401 || status === 403 ? 'unauthorized' : 'refused';
  try {
    const parsed = JSON.parse(text) as { error?: ErrorBody };
    if (parsed && typeof parsed === 'object' && parsed.error && typeof parsed.error === 'object') {
      return new Failure(kind, parsed.error, statement, status);
    }
  } catch {
    // Not JSON: someone between the page and the daemon answered.
  }
  return new Failure(kind, { message: `The answer was ${status} without a reason.` }, statement, status);
}
