package org.cairnfs.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ResourcesTest {
  private final Resources resources = new Resources();
  private final List<String> closed = new ArrayList<>();

  private AutoCloseable named(String name) {
    return () -> closed.add(name);
  }

  private static AutoCloseable failing(IOException failure) {
    return () -> {
      throw failure;
    };
  }

  @Test
  void closesTheOtherWayRoundWhateverFails() {
    IOException failure = new IOException("disk");
    resources.add(named("first"));
    resources.add(failing(failure));
    resources.add(named("third"));
    assertThatThrownBy(resources::close).isSameAs(failure);
    assertThat(closed).containsExactly("third", "first");
  }

  @Test
  void endsThreadsAfterWhatUsesThem() throws IOException {
    var pool = resources.pool("some", 1);
    resources.add(() -> closed.add("pool runs: " + !pool.isShutdown()));
    resources.close();
    assertThat(closed).containsExactly("pool runs: true");
    assertThat(pool.isTerminated()).isTrue();
  }

  /** A node that did not start once said that closing had failed, and not why it had to close. */
  @Test
  void whatFailsWhileClosingDoesNotHideTheReason() {
    IOException later = new IOException("disk");
    Exception reason = new Exception("no majority");
    resources.add(named("first"));
    resources.add(failing(later));
    resources.closeAfter(reason);
    assertThat(reason).hasMessage("no majority").hasSuppressedException(later);
    assertThat(closed).containsExactly("first");
  }
}
