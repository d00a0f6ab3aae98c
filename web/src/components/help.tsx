// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef } from 'preact/hooks';
import { KEY_HELP } from '../state/keys';
import { singleKeys } from '../state/prefs';
import { helpOpen } from '../state/ui';
import { IconButton } from './icon';

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = helpOpen.value;
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  return (
    <dialog class="sheet" ref={dialog} aria-label="Keys" onClose={() => (helpOpen.value = false)}>
      <div class="head">
        <h2>Keys</h2>
        <span class="end"><IconButton icon="close" class="bare" label="Close" onClick={() => (helpOpen.value = false)} /></span>
      </div>
      <dl class="keys">
        {KEY_HELP.map(([keys, what]) => (
          <>
            <dt>{keys.map((k) => <span key={k} class="key">{k}</span>)}</dt>
            <dd>{what}</dd>
          </>
        ))}
        <dt />
        <dd>
          <label>
            <input
              type="checkbox" checked={singleKeys.value === 'on'}
              onChange={(e) => (singleKeys.value = e.currentTarget.checked ? 'on' : 'off')}
            /> Single keys act
          </label>
        </dd>
      </dl>
    </dialog>
  );
}
