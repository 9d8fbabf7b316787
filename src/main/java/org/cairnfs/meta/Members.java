package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;

/**
 * The members, the invites, and how many copies of a blob the members keep, as this node's tables
 * have them, in memory. Thread-safe; never blocks.
 */
public final class Members {
  private final MetaStore store;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile Contents contents;

  /** Held while the rows are read: a later reading must not be replaced by an earlier one. */
  private final Object loading = new Object();

  /** @param index of the entry after which these were read, or of a later one that left them */
  private record Contents(
      Map<NodeId, Member> members, List<Invite> invites, Replication replication, long index) {}

  /** Follows the store from now on. */
  public Members(MetaStore store) {
    this.store = store;
    this.contents = load(store.applied().index());
    store.addListener(new AppliedListener() {
      @Override
      public void applied(long index, MetaEntry entry, MetaReply reply) {
        if (entry.getOpsList().stream().anyMatch(Members::isAboutMembers)) {
          reload(index);
        }
      }

      @Override
      public void reloaded() {
        reload(store.applied().index());
      }
    });
    // What was applied before the store knew the listener.
    reload(store.applied().index());
  }

  private static boolean isAboutMembers(MetaOp op) {
    return switch (op.getKindCase()) {
      case ADD_FOUNDER, JOIN_CLUSTER, UPDATE_MEMBER, ADD_INVITE, SET_REPLICATION -> true;
      default -> false;
    };
  }

  private void reload(long index) {
    synchronized (loading) {
      contents = load(index);
    }
    listeners.forEach(Runnable::run);
  }

  private Contents load(long index) {
    Map<NodeId, Member> members = new TreeMap<>();
    read(store.reader()).forEach(member -> members.put(member.id(), member));
    List<Invite> invites = new ArrayList<>();
    store
        .reader()
        .scan(
            MetaTable.INVITE,
            Keys.FIRST,
            Keys.END_OF_HASHES,
            Integer.MAX_VALUE,
            (key, value) -> invites.add(InviteRecord.decode(key, value)));
    Replication replication = ReplicationRecord.read(store.reader());
    return new Contents(members, List.copyOf(invites), replication, index);
  }

  /** All rows, by id. */
  static List<Member> read(MetaReader reader) {
    List<Member> members = new ArrayList<>();
    reader.scan(
        MetaTable.MEMBER,
        Keys.FIRST,
        Keys.END_OF_HASHES,
        Integer.MAX_VALUE,
        (key, value) -> members.add(MemberRecord.decode(key, value)));
    return members;
  }

  /** All nodes that are or were in the cluster, the removed ones too, by id. */
  public Collection<Member> list() {
    return List.copyOf(contents.members().values());
  }

  /** The nodes that are in the cluster, by id. */
  public List<Member> present() {
    return contents.members().values().stream().filter(Member::belongs).toList();
  }

  /** A node that is or was in the cluster. */
  public Optional<Member> find(NodeId node) {
    return Optional.ofNullable(contents.members().get(node));
  }

  /** All invites, the expired and used up ones too. */
  public List<Invite> invites() {
    return contents.invites();
  }

  /** How many copies of each blob they are to keep. */
  public Replication replication() {
    return contents.replication();
  }

  /** The entry after which all this was last what it is, as far as this node has applied them. */
  public long changedIndex() {
    return contents.index();
  }

  /**
   * Has {@code listener} called after anything changed, on the thread that applies: it must not
   * block.
   */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }
}
