package org.cairnfs.node.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.NodeId;
import org.junit.jupiter.api.Test;

final class RunsTest {
  private static final NodeId NODE = new NodeId(1, 2, 3, 4);
  private static final ByteString FIRST = ByteString.copyFromUtf8("first");
  private static final ByteString SECOND = ByteString.copyFromUtf8("second");

  private CompletableFuture<ByteString> answer = CompletableFuture.completedFuture(FIRST);
  private final Runs runs = new Runs(node -> answer);

  @Test
  void aSecondRunIsACopyWhileTheFirstAnswers() {
    assertThat(runs.admit(NODE, FIRST).join()).isTrue();
    assertThat(runs.admit(NODE, FIRST).join()).isTrue();
    assertThat(runs.admit(NODE, SECOND).join()).isFalse();
    assertThat(runs.admit(NODE, FIRST).join()).isTrue();
  }

  @Test
  void aSecondRunIsARestartWhenTheFirstDoesNotAnswer() {
    assertThat(runs.admit(NODE, FIRST).join()).isTrue();
    answer = CompletableFuture.failedFuture(new IOException("refused"));
    assertThat(runs.admit(NODE, SECOND).join()).isTrue();
  }

  /** It was started again at the same address. */
  @Test
  void aSecondRunIsARestartWhenItAnswersInPlaceOfTheFirst() {
    assertThat(runs.admit(NODE, FIRST).join()).isTrue();
    answer = CompletableFuture.completedFuture(SECOND);
    assertThat(runs.admit(NODE, SECOND).join()).isTrue();
    // A message of the first that was late.
    assertThat(runs.admit(NODE, FIRST).join()).isFalse();
  }
}
