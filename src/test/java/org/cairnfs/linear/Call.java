package org.cairnfs.linear;

/**
 * One call of a client to what several clients share.
 *
 * @param client who called; has one call under way at a time
 * @param output what it was told; null if it was told nothing that counts: then the call took
 *     effect at some time after its begin, or never
 * @param begin when it was made, by a clock that all clients share
 * @param end when it was answered
 */
public record Call<I, O>(int client, I input, O output, long begin, long end) {
  /** Whether it was answered, and took effect between its begin and its end. */
  boolean isAnswered() {
    return output != null;
  }
}
