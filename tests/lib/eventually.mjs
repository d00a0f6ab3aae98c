// SPDX-License-Identifier: Apache-2.0
/** Repeats an assertion until it holds; after the deadline its last failure is thrown. */
export async function eventually(check, { withinMs = 20000, everyMs = 50 } = {}) {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
