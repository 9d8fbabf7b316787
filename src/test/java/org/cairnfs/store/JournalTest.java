package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class JournalTest {
  private static final int AREA_BYTES = 256;
  private static final int RECORD_BYTES = 50;
  private static final int RECORDS_PER_AREA = AREA_BYTES / (RECORD_BYTES + Journal.HEADER_BYTES);

  private final FileSystem fileSystem = Jimfs.newFileSystem(Configuration.unix());
  private final Path file = fileSystem.getPath("/journal");

  @AfterEach
  void close() throws IOException {
    fileSystem.close();
  }

  private Journal open() throws IOException {
    return Journal.open(file, AREA_BYTES);
  }

  private static byte[] record(int number) {
    byte[] bytes = new byte[RECORD_BYTES];
    Arrays.fill(bytes, (byte) number);
    return bytes;
  }

  private List<Integer> recovered() throws IOException {
    try (Journal journal = open()) {
      return journal.recovered().stream().map(bytes -> (int) bytes[0]).toList();
    }
  }

  @Test
  void hasAfterOpeningWhatWasAppended() throws IOException {
    assertThat(recovered()).isEmpty();
    try (Journal journal = open()) {
      assertThat(journal.append(record(1))).isEqualTo(1);
      assertThat(journal.append(record(2))).isEqualTo(2);
      journal.force();
    }
    assertThat(recovered()).containsExactly(1, 2);
    assertThat(recovered()).containsExactly(1, 2);
  }

  @Test
  void beginsOnceTheDiskHasRoomForIt() throws IOException {
    SimulatedDisk disk = new SimulatedDisk();
    disk.capacityBytes(AREA_BYTES / 2);
    try (Journal journal = disk.openJournal(AREA_BYTES)) {
      assertThat(journal.append(record(1))).isEqualTo(Journal.NO_ROOM);
      assertThat(journal.append(record(1))).isEqualTo(Journal.NO_ROOM);
      disk.capacityBytes(4 * AREA_BYTES);
      assertThat(journal.append(record(1))).isEqualTo(1);
      journal.force();
    }
    try (Journal journal = disk.openJournal(AREA_BYTES)) {
      assertThat(journal.recovered()).containsExactly(record(1));
    }
  }

  @Test
  void takesNothingUntilWhatItFoundIsSettled() throws IOException {
    try (Journal journal = open()) {
      long unused = journal.append(record(1));
    }
    try (Journal journal = open()) {
      assertThat(journal.append(record(2))).isEqualTo(Journal.NO_ROOM);
      journal.settle(journal.last());
      assertThat(journal.append(record(2))).isEqualTo(2);
    }
    assertThat(recovered()).containsExactly(1, 2);
  }

  @Test
  void fillsTheAreasInTurnWhenTheOtherIsSettled() throws IOException {
    try (Journal journal = open()) {
      int next = 0;
      for (int i = 0; i < 2 * RECORDS_PER_AREA; i++) {
        assertThat(journal.append(record(++next))).isEqualTo(next);
      }
      assertThat(journal.append(record(99))).isEqualTo(Journal.NO_ROOM);
      journal.settle(RECORDS_PER_AREA - 1L);
      assertThat(journal.append(record(99))).as("one is left").isEqualTo(Journal.NO_ROOM);
      journal.settle(RECORDS_PER_AREA);
      assertThat(journal.append(record(++next))).isEqualTo(next);
    }
    assertThat(recovered()).containsExactly(4, 5, 6, 7);
    assertThat(Files.size(file)).isEqualTo(2 * AREA_BYTES);
  }

  @Test
  void hasNoRoomForWhatIsLongerThanAnArea() throws IOException {
    try (Journal journal = open()) {
      assertThat(journal.append(new byte[AREA_BYTES])).isEqualTo(Journal.NO_ROOM);
      assertThat(journal.append(record(1))).isEqualTo(1);
    }
  }

  @Property(tries = 200)
  void endsBeforeADamagedByte(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    Path damaged = fileSystem.getPath("/damaged");
    Files.deleteIfExists(damaged);
    try (Journal journal = Journal.open(damaged, AREA_BYTES)) {
      for (int i = 1; i <= RECORDS_PER_AREA; i++) {
        long unused = journal.append(record(i));
      }
    }
    byte[] bytes = Files.readAllBytes(damaged);
    int at = random.nextInt(RECORDS_PER_AREA * (RECORD_BYTES + Journal.HEADER_BYTES));
    bytes[at] ^= (byte) (1 + random.nextInt(255));
    Files.write(damaged, bytes);
    List<Integer> intact = new ArrayList<>();
    for (int i = 1; i <= at / (RECORD_BYTES + Journal.HEADER_BYTES); i++) {
      intact.add(i);
    }
    try (Journal journal = Journal.open(damaged, AREA_BYTES)) {
      assertThat(journal.recovered().stream().map(found -> (int) found[0]).toList())
          .isEqualTo(intact);
    }
  }

  /** What was forced is found whatever a power cut does to the rest. */
  @Property(tries = 200)
  void keepsWhatWasForcedThroughAPowerCut(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    SimulatedDisk disk = new SimulatedDisk();
    long forced = 0;
    long settled = 0;
    disk.powerOffAfter(random.nextInt(60));
    try {
      Journal journal = disk.openJournal(AREA_BYTES);
      for (int i = 1; i < 40; i++) {
        long number = journal.append(record(i));
        if (number == Journal.NO_ROOM || random.nextInt(3) == 0) {
          journal.force();
          forced = journal.last();
          settled = forced - random.nextInt(2);
          journal.settle(settled);
        }
      }
    } catch (IOException e) {
      assertThat(disk.isOff()).isTrue();
    }
    Journal after = disk.powerCut(random).openJournal(AREA_BYTES);
    assertThat(after.last()).isGreaterThanOrEqualTo(forced);
    assertThat(after.recovered().size()).isGreaterThanOrEqualTo((int) (forced - settled));
  }

  /** docs/formats.md, "journal". */
  @Test
  void writesTheseBytes() throws IOException {
    try (Journal journal = open()) {
      long unused = journal.append("cairn".getBytes(StandardCharsets.US_ASCII));
    }
    byte[] start = Arrays.copyOf(Files.readAllBytes(file), Journal.HEADER_BYTES + 5);
    assertThat(HexFormat.of().formatHex(start))
        .isEqualTo("43524e4a00000005000000000000000100000000000000011ec4ace1636169726e");
  }
}
