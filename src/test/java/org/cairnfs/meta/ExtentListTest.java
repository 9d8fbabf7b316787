package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.cairnfs.meta.MetaFixture.extent;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Extents;
import org.cairnfs.core.Limits;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ExtentListTest {
  private static final int BLOCK = Limits.BLOCK_SIZE_BYTES;

  private static List<Extent> some(Random random, int most) {
    List<Extent> extents = new ArrayList<>();
    for (int i = random.nextInt(most + 1); i > 0; i--) {
      int offset = random.nextInt(BLOCK - 1);
      int length = 1 + random.nextInt(Math.min(BLOCK - offset, BLOCK / 8));
      extents.add(extent(offset, length, random.nextInt(1000)));
    }
    return extents;
  }

  @RepeatedTest(50)
  void overlayingARecordIsOverlayingWhatItHolds(RepetitionInfo info) {
    Random random = new Random(info.getCurrentRepetition());
    List<Extent> extents = List.of();
    byte[] value = null;
    for (int i = 0; i < 40; i++) {
      List<Extent> newer = some(random, 3);
      if (newer.isEmpty()) {
        continue;
      }
      ExtentList.Change change = ExtentList.overlay(value, newer);

      List<Extent> after = Extents.overlay(extents, newer);
      assertThat(change.value()).isEqualTo(ExtentList.encode(after));
      List<Extent> replaced = new ArrayList<>(extents);
      assertThat(replaced).containsAll(change.removed());
      replaced.removeAll(change.removed());
      replaced.addAll(change.added());
      assertThat(replaced).containsExactlyInAnyOrderElementsOf(after);
      extents = after;
      value = change.value();
    }
  }

  @RepeatedTest(20)
  void aRangeHasTheExtentsThatReachIntoIt(RepetitionInfo info) {
    Random random = new Random(info.getCurrentRepetition());
    List<Extent> extents = Extents.overlay(List.of(), some(random, 30));
    if (extents.isEmpty()) {
      extents = List.of(extent(5, 7, 1));
    }
    byte[] value = ExtentList.encode(extents);

    assertThat(ExtentList.decode(value)).isEqualTo(extents);
    assertThat(ExtentList.count(value)).isEqualTo(extents.size());
    for (int i = 0; i < 50; i++) {
      int from = random.nextInt(BLOCK);
      int to = from + 1 + random.nextInt(BLOCK - from);
      assertThat(ExtentList.decode(value, from, to))
          .isEqualTo(extents.stream()
              .filter(extent -> extent.offset() < to && extent.end() > from)
              .toList());
    }
  }

  @Test
  void appendingLeavesEverythingElseAlone() {
    byte[] value = ExtentList.encode(List.of(extent(0, 10, 1), extent(10, 10, 2)));

    ExtentList.Change change = ExtentList.overlay(value, List.of(extent(20, 10, 3)));

    assertThat(change.removed()).isEmpty();
    assertThat(change.added()).containsExactly(extent(20, 10, 3));
  }

  @Test
  void aRecordThatIsCutShortIsDamageWhereverOneLooks() {
    byte[] value = ExtentList.encode(List.of(extent(0, 10, 1), extent(10, 10, 2)));
    byte[] cut = Arrays.copyOf(value, value.length - 1);

    assertThatThrownBy(() -> ExtentList.decode(cut)).isInstanceOf(CorruptMetadataException.class);
    assertThatThrownBy(() -> ExtentList.count(cut)).isInstanceOf(CorruptMetadataException.class);
    assertThatThrownBy(() -> ExtentList.overlay(cut, List.of(extent(20, 10, 3))))
        .isInstanceOf(CorruptMetadataException.class);
  }
}
