// SPDX-License-Identifier: Apache-2.0
//
// Whether the store holds anything at all. Both the status and a state must agree before the page says
// "nothing recorded": an empty range of a full store is not a first run.
import { computed } from '@preact/signals';
import { status } from '../api/status';
import { barData, system } from './data';

export const nothingYet = computed(() => {
  const known = status.value;
  if (!known) return false;
  if (known.newestEvent !== null || (known.events ?? 0) > 0) return false;
  const services = system.answer.value?.data.services.length ?? 0;
  return services === 0 && barData.value.bars.every((b) => b.events === 0);
});
