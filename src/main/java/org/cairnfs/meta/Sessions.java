package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.NodeId;
import org.cairnfs.proto.MetaEntry;

/** The sessions that live, as this node's tables have them, and how one is ended from outside. */
public final class Sessions {
  /**
   * A session.
   *
   * @param id what {@link #endEntry} takes
   */
  public record Live(long id, NodeId node) {}

  /** Those that have not ended, by id. Reads the tables. */
  public static List<Live> list(MetaStore store) {
    return list(store.reader());
  }

  static List<Live> list(MetaReader reader) {
    List<Live> sessions = new ArrayList<>();
    reader.scan(MetaTable.SESSION, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
      SessionRecord session = SessionRecord.decode(value);
      if (!session.ended()) {
        sessions.add(new Live(Keys.firstNumber(key), session.node()));
      }
      return true;
    });
    return sessions;
  }

  /**
   * An entry for {@link MetaLog#propose} that ends a session: its lease, its locks and what it had
   * open go at once, what it did not commit is refused. Does nothing if it has ended already.
   */
  public static byte[] endEntry(long session) {
    return MetaEntry.newBuilder().addOps(Ops.endSession(session)).build().toByteArray();
  }

  private Sessions() {}
}
