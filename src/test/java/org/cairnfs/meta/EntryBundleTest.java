package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.cairnfs.meta.MetaFixture.ROOT;
import static org.cairnfs.meta.MetaFixture.extent;
import static org.cairnfs.meta.MetaFixture.name;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;
import org.junit.jupiter.api.Test;

/** Cuts that a journal has go into the log together, and are what they are. */
class EntryBundleTest {
  private final MetaFixture fixture = new MetaFixture(false);
  private final List<byte[]> journal = new ArrayList<>();
  private final int opening = fixture.log.applied().size();

  /** What was applied after the session was open. */
  private List<byte[]> applied() {
    List<byte[]> all = fixture.log.applied();
    return all.subList(opening, all.size());
  }

  private CompletableFuture<Void> journaled(FileUpdate... updates) {
    return fixture.session.cut().commit(List.of(updates), (entry, allEarlier) -> {
      journal.add(entry);
      return true;
    });
  }

  private MetaReply.Outcome apply(byte[] entry) throws InvalidProtocolBufferException {
    CompletableFuture<byte[]> reply = fixture.log.propose(entry);
    fixture.log.applyAll();
    return MetaReply.parseFrom(reply.join()).getOutcome();
  }

  private List<CompletableFuture<Void>> threeCuts() {
    List<CompletableFuture<Void>> cuts = new ArrayList<>();
    for (String file : List.of("a", "b", "c")) {
      fixture.file(ROOT, file);
      cuts.add(journaled());
    }
    return cuts;
  }

  @Test
  void theLogHasOneEntryOfThem() {
    List<CompletableFuture<Void>> cuts = threeCuts();
    assertThat(fixture.log.waiting()).isZero();

    fixture.session.push();
    assertThat(fixture.log.waiting()).isEqualTo(1);
    assertThat(cuts).noneMatch(CompletableFuture::isDone);
    fixture.log.applyAll();

    assertThat(cuts).allMatch(cut -> cut.isDone() && !cut.isCompletedExceptionally());
    assertThat(fixture.overlaySize()).isZero();
    assertThat(fixture.session.list(ROOT, null, 10))
        .extracting(Dentry::sealedName)
        .contains(name("a"), name("b"), name("c"));
    new Invariants(fixture.store.reader()).check();
  }

  @Test
  void whatIsDoneOnceMoreAfterACrashIsNotDoneTwice() throws InvalidProtocolBufferException {
    var unused = threeCuts();
    fixture.session.push();
    fixture.log.applyAll();

    for (byte[] entry : journal) {
      assertThat(apply(entry)).isEqualTo(MetaReply.Outcome.DUPLICATE);
    }
  }

  @Test
  void whatTheLogLostIsDoneOneByOne() throws InvalidProtocolBufferException {
    var unused = threeCuts();
    EntryBundle bundle = new EntryBundle();
    for (byte[] entry : journal) {
      bundle.add(MetaEntry.parseFrom(entry).getCut(), entry);
    }

    for (byte[] entry : journal) {
      assertThat(apply(entry)).isEqualTo(MetaReply.Outcome.APPLIED);
    }
    assertThat(apply(bundle.toEntry())).isEqualTo(MetaReply.Outcome.DUPLICATE);
  }

  @Test
  void aGapBeforeThemIsOutOfOrder() throws InvalidProtocolBufferException {
    var unused = threeCuts();
    EntryBundle bundle = new EntryBundle();
    for (byte[] entry : journal.subList(1, 3)) {
      bundle.add(MetaEntry.parseFrom(entry).getCut(), entry);
    }

    assertThat(apply(bundle.toEntry())).isEqualTo(MetaReply.Outcome.OUT_OF_ORDER);
  }

  @Test
  void everyProposalGetsItsOwnPartOfTheReply() {
    fixture.file(ROOT, "a");
    fixture.file(ROOT, "b");
    var unused = journaled();
    CompletableFuture<MetaReply> numbers = fixture
        .session
        .life()
        .pipeline()
        .propose(List.of(Ops.allocateInodes(7, fixture.session.life().id())), number -> {});
    fixture.log.applyAll();

    assertThat(applied()).hasSize(1);
    assertThat(numbers.join().getRepliesList()).hasSize(1);
    assertThat(numbers.join().getReplies(0).getOp()).isZero();
    assertThat(numbers.join().getReplies(0).getRangeCount()).isEqualTo(7);
  }

  @Test
  void anEntryDoesNotGrowWithoutBounds() throws InvalidProtocolBufferException {
    InodeNumber file = fixture.file(ROOT, "f").number();
    for (int cut = 0; cut < 40; cut++) {
      Extent[] extents = new Extent[500];
      for (int i = 0; i < extents.length; i++) {
        extents[i] = extent(2 * i, 1, 1 + i);
      }
      var unused = journaled(fixture.update(file, 1000, cut, extents));
    }

    fixture.session.push();
    fixture.log.applyAll();

    List<byte[]> entries = applied();
    assertThat(entries).hasSizeBetween(2, 20).allMatch(entry -> entry.length <= 1 << 20);
    int ops = 0;
    for (byte[] entry : entries) {
      ops += (int) MetaEntry.parseFrom(entry).getOpsList().stream()
          .filter(MetaOp::hasUpdateFile)
          .count();
    }
    assertThat(ops).isEqualTo(40);
    assertThat(fixture.overlaySize()).isZero();
    new Invariants(fixture.store.reader()).check();
  }
}
