/** Text as it is made, as a response's body: the next piece is asked for when the reader has taken the last. */

/** `atEnd` is called once, at the end or when the reader goes away; then what makes the pieces is ended too. */
export function streamOf(
  pieces: AsyncGenerator<string, void, undefined>,
  atEnd: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (!done) {
        controller.enqueue(encoder.encode(value));
        return;
      }
      controller.close();
      await atEnd();
    },
    async cancel() {
      await atEnd();
      await pieces.return();
    },
  });
}
