package org.cairnfs.kv;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class InMemoryKvStoreTest extends KvStoreContract {
  @Override
  KvStore open() {
    return new InMemoryKvStore(TABLES);
  }

  @Test
  void aCrashLosesWhatWasNotFlushed() {
    var store = new InMemoryKvStore(TABLES);
    KvStore.Table table = store.table(FIRST);
    store.write(batch -> batch.put(table, bytes("01"), bytes("aa")));
    store.flush();
    store.write(batch -> {
      batch.put(table, bytes("01"), bytes("bb"));
      batch.put(store.table(SECOND), bytes("02"), bytes("bb"));
    });

    InMemoryKvStore after = store.crash();
    assertThat(entries(after, after.table(FIRST), "")).containsExactly("01=aa");
    assertThat(entries(after, after.table(SECOND), "")).isEmpty();

    after.write(batch -> batch.delete(after.table(FIRST), bytes("01")));
    InMemoryKvStore again = after.crash();
    assertThat(entries(again, again.table(FIRST), "")).containsExactly("01=aa");
  }
}
