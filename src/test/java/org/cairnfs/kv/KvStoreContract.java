package org.cairnfs.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link KvStore} promises. */
abstract class KvStoreContract {
  static final String FIRST = "first";
  static final String SECOND = "second";
  static final List<String> TABLES = List.of(FIRST, SECOND);

  private KvStore store;
  private KvStore.Table first;
  private KvStore.Table second;

  /** A new store with {@link #TABLES}. */
  abstract KvStore open() throws IOException;

  @BeforeEach
  void openStore() throws IOException {
    store = open();
    first = store.table(FIRST);
    second = store.table(SECOND);
  }

  @AfterEach
  void closeStore() throws IOException {
    store.close();
  }

  static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  /** All entries of a table from a key on, as key=value in hexadecimal. */
  static List<String> entries(KvStore store, KvStore.Table table, String fromHex) {
    var found = new ArrayList<String>();
    try (KvCursor cursor = store.cursor(table)) {
      for (boolean on = cursor.seek(bytes(fromHex)); on; on = cursor.next()) {
        found.add(hex(cursor.key()) + "=" + hex(cursor.value()));
      }
    }
    return found;
  }

  private void put(KvStore.Table table, String keyHex, String valueHex) {
    store.write(batch -> batch.put(table, bytes(keyHex), bytes(valueHex)));
  }

  @Test
  void keepsWhatWasPutAndForgetsWhatWasDeleted() {
    put(first, "01", "aa");
    assertThat(store.get(first, bytes("01"))).containsExactly(0xaa);
    assertThat(store.get(first, bytes("02"))).isNull();

    put(first, "01", "bb");
    assertThat(store.get(first, bytes("01"))).containsExactly(0xbb);

    store.write(batch -> {
      batch.delete(first, bytes("01"));
      batch.delete(first, bytes("02"));
    });
    assertThat(store.get(first, bytes("01"))).isNull();
  }

  @Test
  void aSnapshotShowsAllTablesAsTheyWere() {
    put(first, "01", "aa");
    put(second, "01", "bb");
    try (KvSnapshot snapshot = store.snapshot()) {
      store.write(batch -> {
        batch.put(first, bytes("02"), bytes("cc"));
        batch.delete(second, bytes("01"));
      });
      for (KvStore.Table table : List.of(first, second)) {
        try (KvCursor cursor = snapshot.cursor(table)) {
          assertThat(cursor.seek(new byte[0])).isTrue();
          assertThat(hex(cursor.value())).isEqualTo(table == first ? "aa" : "bb");
          assertThat(cursor.next()).isFalse();
        }
      }
    }
    assertThat(entries(store, first, "")).containsExactly("01=aa", "02=cc");
  }

  @Test
  void clearsATableWholeAndInOrder() {
    put(first, "", "aa");
    put(first, "ff".repeat(40), "bb");
    put(second, "01", "cc");
    store.exclusively(() -> store.write(batch -> {
      batch.put(first, bytes("02"), bytes("dd"));
      batch.clear(first);
      batch.put(first, bytes("03"), bytes("ee"));
    }));

    assertThat(entries(store, first, "")).containsExactly("03=ee");
    assertThat(store.get(first, bytes("ff".repeat(40)))).isNull();
    assertThat(entries(store, second, "")).containsExactly("01=cc");
  }

  @Test
  void tellsAnEmptyValueFromNone() {
    put(first, "01", "");
    assertThat(store.get(first, bytes("01"))).isNotNull().isEmpty();
  }

  @Test
  void keepsTablesApart() {
    put(first, "01", "aa");
    assertThat(store.get(second, bytes("01"))).isNull();
    assertThat(entries(store, second, "")).isEmpty();
  }

  @Test
  void appliesTheChangesOfABatchInTheirOrder() {
    store.write(batch -> {
      batch.put(first, bytes("01"), bytes("aa"));
      batch.delete(first, bytes("01"));
      batch.put(first, bytes("02"), bytes("aa"));
      batch.put(first, bytes("02"), bytes("bb"));
    });
    assertThat(entries(store, first, "")).containsExactly("02=bb");
  }

  @Test
  void isAsItWasWhenTheChangesThrow() {
    put(first, "01", "aa");
    assertThatThrownBy(() -> store.write(batch -> {
          batch.put(first, bytes("01"), bytes("bb"));
          throw new IllegalStateException("changed my mind");
        }))
        .hasMessage("changed my mind");
    assertThat(entries(store, first, "")).containsExactly("01=aa");
  }

  @Test
  void ownsNeitherTheArraysGivenNorTheArraysReturned() {
    byte[] key = bytes("01");
    byte[] value = bytes("aa");
    store.write(batch -> {
      batch.put(first, key, value);
      key[0] = 2;
      value[0] = 3;
    });
    byte[] read = store.get(first, bytes("01"));
    assertThat(read).containsExactly(0xaa);
    read[0] = 4;
    assertThat(store.get(first, bytes("01"))).containsExactly(0xaa);
  }

  @Test
  void walksKeysInUnsignedOrder() {
    for (String key : List.of("ff", "80", "7f", "00", "8000", "0000")) {
      put(first, key, key);
    }
    assertThat(entries(store, first, ""))
        .containsExactly("00=00", "0000=0000", "7f=7f", "80=80", "8000=8000", "ff=ff");
    assertThat(entries(store, first, "7f80")).containsExactly("80=80", "8000=8000", "ff=ff");
    assertThat(entries(store, first, "ff00")).isEmpty();
  }

  @Test
  void aCursorSeesTheTableAsItWasAndCanSeekAgain() {
    put(first, "01", "aa");
    put(first, "03", "aa");
    try (KvCursor cursor = store.cursor(first)) {
      put(first, "02", "bb");
      store.write(batch -> batch.delete(first, bytes("03")));

      assertThat(cursor.seek(bytes("02"))).isTrue();
      assertThat(cursor.key()).containsExactly(3);
      assertThat(cursor.next()).isFalse();
      assertThat(cursor.seek(bytes("00"))).isTrue();
      assertThat(cursor.key()).containsExactly(1);
      assertThat(cursor.value()).containsExactly(0xaa);
    }
    assertThat(entries(store, first, "")).containsExactly("01=aa", "02=bb");
  }

  @Test
  void aCursorThatIsNowhereSaysSo() {
    put(first, "01", "aa");
    KvCursor cursor = store.cursor(first);
    assertThatThrownBy(cursor::key).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(cursor::next).isInstanceOf(IllegalStateException.class);
    assertThat(cursor.seek(bytes("02"))).isFalse();
    assertThatThrownBy(cursor::value).isInstanceOf(IllegalStateException.class);
    cursor.close();
    cursor.close();
    assertThatThrownBy(() -> cursor.seek(bytes("01"))).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aClosedStoreRefusesEverythingAndTakesItsCursorsAlong() throws IOException {
    put(first, "01", "aa");
    KvCursor cursor = store.cursor(first);
    cursor.seek(bytes("01"));
    store.close();
    store.close();
    assertThatThrownBy(() -> store.get(first, bytes("01")))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> store.cursor(first)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(store::flush).isInstanceOf(IllegalStateException.class);
    cursor.close();
  }

  @Test
  void knowsItsOwnTablesOnly() throws IOException {
    assertThatThrownBy(() -> store.table("third")).isInstanceOf(IllegalArgumentException.class);
    KvStore.Table foreign = new KvStore.Table() {
      @Override
      public String name() {
        return FIRST;
      }
    };
    assertThatThrownBy(() -> store.get(foreign, bytes("01")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.write(batch -> batch.delete(foreign, bytes("01"))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aBatchMayReadTheStoreButDoesNotSeeItself() {
    put(first, "01", "aa");
    store.write(batch -> {
      batch.put(first, bytes("01"), bytes("bb"));
      assertThat(store.get(first, bytes("01"))).containsExactly(0xaa);
    });
    assertThat(store.get(first, bytes("01"))).containsExactly(0xbb);
  }

  @Test
  void agreesWithASortedMapUnderRandomChanges() {
    long seed = 20;
    var random = new Random(seed);
    var model = new TreeMap<byte[], byte[]>(Arrays::compareUnsigned);
    for (int step = 0; step < 300; step++) {
      store.write(batch -> {
        for (int change = random.nextInt(6); change >= 0; change--) {
          byte[] key = new byte[1 + random.nextInt(2)];
          random.nextBytes(key);
          if (random.nextInt(3) == 0) {
            batch.delete(first, key);
            model.remove(key);
          } else {
            byte[] value = new byte[random.nextInt(200)];
            random.nextBytes(value);
            batch.put(first, key, value);
            model.put(key, value);
          }
        }
      });
      if (random.nextInt(40) == 0) {
        store.flush();
      }
    }
    byte[] from = {(byte) random.nextInt(256)};
    assertThat(entries(store, first, hex(from)))
        .containsExactlyElementsOf(model.tailMap(from).entrySet().stream()
            .map(entry -> hex(entry.getKey()) + "=" + hex(entry.getValue()))
            .toList());
    model.forEach((key, value) -> assertThat(store.get(first, key)).isEqualTo(value));
  }

  @Test
  void batchesOfManyThreadsAreAtomic() throws Exception {
    int threads = 4;
    int rounds = 200;
    var executor = Executors.newFixedThreadPool(threads + 1);
    try {
      var results = new ArrayList<Future<?>>();
      for (int thread = 0; thread < threads; thread++) {
        byte[] value = {(byte) thread};
        results.add(executor.submit(() -> {
          for (int round = 0; round < rounds; round++) {
            store.write(batch -> {
              batch.put(first, bytes("01"), value);
              batch.put(first, bytes("02"), value);
            });
          }
        }));
      }
      results.add(executor.submit(() -> {
        for (int round = 0; round < rounds; round++) {
          List<String> seen = entries(store, first, "");
          if (!seen.isEmpty()) {
            assertThat(seen.get(0).substring(2)).isEqualTo(seen.get(1).substring(2));
          }
        }
      }));
      for (var result : results) {
        result.get(30, TimeUnit.SECONDS);
      }
    } finally {
      executor.shutdownNow();
    }
  }
}
