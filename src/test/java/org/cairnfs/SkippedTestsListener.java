package org.cairnfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestTag;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Writes down every test that was skipped or aborted without carrying the tag {@value #TAG}, so
 * that the build can fail on it: a test nobody runs proves nothing.
 *
 * <p>The file is named by the system property {@value #PROPERTY}; it exists only if there is
 * something in it. Without the property (a run from an IDE) nothing is written.
 */
public final class SkippedTestsListener implements TestExecutionListener {
  static final String TAG = "may-skip";
  static final String PROPERTY = "cairn.skippedTests";

  private final Queue<String> skipped = new ConcurrentLinkedQueue<>();

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    note(test, reason);
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
      note(test, result.getThrowable().map(Throwable::getMessage).orElse("aborted"));
    }
  }

  @Override
  public void testPlanExecutionFinished(TestPlan plan) {
    String file = System.getProperty(PROPERTY);
    if (file == null) {
      return;
    }
    try {
      if (skipped.isEmpty()) {
        Files.deleteIfExists(Path.of(file));
      } else {
        Files.write(Path.of(file), List.copyOf(skipped));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot record skipped tests in " + file, e);
    }
  }

  private void note(TestIdentifier test, String reason) {
    if (!test.getTags().contains(TestTag.create(TAG))) {
      skipped.add(test.getUniqueId() + ": " + reason);
    }
  }
}
