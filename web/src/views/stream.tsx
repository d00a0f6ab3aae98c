// SPDX-License-Identifier: Apache-2.0
import { StreamHead, StreamList } from './stream-list';

export function StreamView() {
  return (
    <section class="main stream" aria-label="Stream">
      <StreamHead title="Stream" />
      <StreamList wide />
    </section>
  );
}
