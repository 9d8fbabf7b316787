package org.cairnfs.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows on standard error how far a copy is, if that is a terminal. */
final class Progress implements AutoCloseable {
  private static final long UNIT_BYTES = 1 << 20;
  private static final int UPDATE_MILLIS = 200;

  private final @Nullable ProgressBar bar;

  private Progress(@Nullable ProgressBar bar) {
    this.bar = bar;
  }

  /** A bar where there is a terminal and one is wanted, else nothing at all. */
  static Progress of(Console console, String task, boolean wanted) {
    if (!wanted || !console.errIsTerminal()) {
      return new Progress(null);
    }
    return new Progress(new ProgressBarBuilder()
        .setTaskName(task)
        .setUnit(" MiB", UNIT_BYTES)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(UPDATE_MILLIS)
        .showSpeed()
        .setConsumer(new ConsoleProgressBarConsumer(console.err()))
        .build());
  }

  /** How many bytes there are to copy; negative if nobody knows. */
  void total(long bytes) {
    if (bar != null) {
      bar.maxHint(bytes);
    }
  }

  /** How many were copied by now. */
  void copied(long bytes) {
    if (bar != null) {
      bar.stepTo(bytes);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
