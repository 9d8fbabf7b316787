package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.net.Role;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaReply;
import org.junit.jupiter.api.Test;

/** All rows of one node's metadata, put in place of another's. */
class MetaSnapshotTest {
  private final MetaFixture source = new MetaFixture(true);

  private byte[] snapshot(int pieceBytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteBuffer piece = ByteBuffer.allocate(pieceBytes);
    try (MetaSnapshot snapshot = source.store.snapshot()) {
      boolean more = true;
      while (more) {
        more = snapshot.read(piece.clear());
        out.write(piece.array(), 0, piece.position());
      }
    }
    return out.toByteArray();
  }

  private static ByteArrayInputStream in(byte[] bytes) {
    return new ByteArrayInputStream(bytes);
  }

  private static List<String> names(MetaStore store) {
    List<String> names = new ArrayList<>();
    store
        .reader()
        .scan(
            MetaTable.DENTRY,
            Keys.FIRST,
            Keys.LAST,
            1000,
            (key, value) -> names.add(new String(Keys.nameOf(key), StandardCharsets.UTF_8)));
    return names;
  }

  @Test
  void itsBytesDoNotDependOnHowTheyAreRead() throws IOException {
    source.file(MetaFixture.ROOT, "a");
    source.commit().join();

    assertThat(snapshot(1)).isEqualTo(snapshot(1 << 20));
    assertThat(MetaSnapshot.check(in(snapshot(7)))).isEqualTo(source.store.applied());
  }

  @Test
  void whatWasThereBeforeIsGoneAndEverybodyHears() throws IOException {
    source.file(MetaFixture.ROOT, "a");
    source.commit().join();
    source.file(MetaFixture.ROOT, "b");
    source
        .commit(source.update(
            source.file(MetaFixture.ROOT, "c").number(), 10, 0, MetaFixture.extent(0, 10, 7)))
        .join();
    MetaStore target = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
    MemberChanges old = new MemberChanges(new QueuedMetaLog(target, true));
    old.addFounder(new Member(
            MetaFixture.NODE, Role.MEMBER, List.of(), "", 0, MemberState.ACTIVE, source.tick()))
        .join();
    Members members = new Members(target);
    assertThat(members.list()).hasSize(1);
    // Reads that fill the cache.
    assertThat(target.reader().get(MetaTable.INODE, Keys.number(1))).isNull();
    AtomicInteger reloaded = new AtomicInteger();
    target.addListener(new AppliedListener() {
      @Override
      public void applied(long index, MetaEntry entry, MetaReply reply) {}

      @Override
      public void reloaded() {
        reloaded.incrementAndGet();
      }
    });

    target.replace(in(snapshot(100)));

    assertThat(reloaded).hasValue(1);
    assertThat(members.list()).isEmpty();
    assertThat(names(target)).containsExactlyInAnyOrder("a", "b", "c");
    assertThat(target.usage()).isEqualTo(source.store.usage());
    assertThat(target.applied()).isEqualTo(source.store.applied());
    assertThat(target.reader().get(MetaTable.INODE, Keys.number(1))).isNotNull();
    assertThat(target.volumeId()).isEqualTo(MetaFixture.VOLUME);
  }

  @Test
  void anOlderOneChangesNothing() throws IOException {
    byte[] older = snapshot(100);
    source.file(MetaFixture.ROOT, "a");
    source.commit().join();

    source.store.replace(in(older));

    assertThat(names(source.store)).containsExactly("a");
  }

  @Test
  void onlyAWholeOneIsGood() throws IOException {
    byte[] whole = snapshot(100);

    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> MetaSnapshot.check(in(cut))).isInstanceOf(IOException.class);
    }
    byte[] fewer = whole.clone();
    fewer[fewer.length - 1]++;
    assertThatThrownBy(() -> MetaSnapshot.check(in(fewer))).hasMessageContaining("missing");
  }

  /** Whatever a peer sends: rows or an {@link IOException}, and no length is believed. */
  @Test
  void anyBytesAreRowsOrRefused() throws IOException {
    source.file(MetaFixture.ROOT, "a");
    source.commit().join();
    byte[] whole = snapshot(100);
    Random random = new Random(1);
    int refused = 0;
    for (int i = 0; i < 3000; i++) {
      byte[] damaged = whole.clone();
      for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        MetaSnapshot.check(in(damaged));
      } catch (IOException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }
}
