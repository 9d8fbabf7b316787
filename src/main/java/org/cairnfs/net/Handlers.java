package org.cairnfs.net;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Which handler answers which type of message. Immutable; made by a {@link Builder}. */
public final class Handlers {
  /**
   * One type's handler.
   *
   * @param executor runs it; may refuse, and the peer hears that this node is busy
   * @param forGuests whether nodes that are no members may ask
   */
  record Entry(MessageType type, RequestHandler handler, Executor executor, boolean forGuests) {}

  private final Map<Integer, Entry> entries;

  private Handlers(Map<Integer, Entry> entries) {
    this.entries = Map.copyOf(entries);
  }

  public static Builder builder() {
    return new Builder();
  }

  @Nullable
  Entry find(int number) {
    return entries.get(number);
  }

  /** Collects handlers. For one thread. */
  public static final class Builder {
    private final Map<Integer, Entry> entries = new HashMap<>();

    private Builder() {}

    /** Members' messages of that type go to {@code handler}, on {@code executor}. */
    public Builder on(MessageType type, RequestHandler handler, Executor executor) {
      return add(new Entry(type, handler, executor, false));
    }

    /** The same, and guests' too. */
    public Builder onFromGuests(MessageType type, RequestHandler handler, Executor executor) {
      return add(new Entry(type, handler, executor, true));
    }

    private Builder add(Entry entry) {
      if (entries.putIfAbsent(entry.type().number(), entry) != null) {
        throw new IllegalArgumentException(entry.type() + " has a handler already");
      }
      return this;
    }

    public Handlers build() {
      return new Handlers(entries);
    }
  }
}
