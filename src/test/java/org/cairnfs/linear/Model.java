package org.cairnfs.linear;

import java.util.List;

/**
 * What calls would do if they were made one after the other. States are immutable values.
 *
 * @param <S> what is shared
 * @param <I> what a call asks for
 * @param <O> what it is told
 */
public interface Model<S, I, O> {
  /** Before the first call. */
  S initial();

  /**
   * What a call may make of a state.
   *
   * @param output what the caller was told; null if that is not known, and then any answer will do
   * @return empty if nobody would have been told that in this state
   */
  List<S> apply(S state, I input, O output);

  /**
   * Whether it makes no difference which of two calls took effect, if nobody was told what came of
   * either.
   */
  default boolean areAlike(I input, I other) {
    return input.equals(other);
  }
}
