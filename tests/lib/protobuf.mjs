// SPDX-License-Identifier: Apache-2.0
// A protobuf writer, enough for OTLP's requests, and a reader of flat messages, enough for its answers.

export const varint = (number) => {
  let value = BigInt(number);
  const out = [];
  do {
    out.push(Number(value & 0x7fn) | (value > 0x7fn ? 0x80 : 0));
    value >>= 7n;
  } while (value > 0n);
  return Buffer.from(out);
};
export const bytes = (number, content) => {
  const body = Buffer.isBuffer(content) ? content : Buffer.from(content);
  return Buffer.concat([varint((number << 3) | 2), varint(body.length), body]);
};
export const fixed64 = (number, value) => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return Buffer.concat([varint((number << 3) | 1), out]);
};
export const integer = (number, value) => Buffer.concat([varint(number << 3), varint(value)]);
export const message = (number, ...parts) => bytes(number, Buffer.concat(parts));
/** An AnyValue that is a text; a KeyValue of field `number`. */
export const textValue = (text) => bytes(1, text);
export const pair = (number, key, any) => message(number, bytes(1, key), bytes(2, any));

/** The fields of a message: {number: value}, varints as numbers, everything else as bytes. */
export function fields(buffer) {
  const out = {};
  const read = () => {
    let value = 0, shift = 0, byte;
    do {
      byte = buffer[at++];
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80);
    return value;
  };
  let at = 0;
  while (at < buffer.length) {
    const tag = read();
    if ((tag & 7) === 0) out[tag >> 3] = read();
    else {
      const length = read();
      out[tag >> 3] = buffer.subarray(at, at + length);
      at += length;
    }
  }
  return out;
}
