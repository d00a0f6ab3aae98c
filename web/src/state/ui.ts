// SPDX-License-Identifier: Apache-2.0
//
// Handles of the frame that more than one module needs and that are no part of the focus.
import { signal } from '@preact/signals';

export const helpOpen = signal(false);
/** The TimeQL box, for the key that puts the cursor there. */
export const askBox: { element: HTMLInputElement | null } = { element: null };
