package org.cairnfs.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.cairnfs.node.home.OperatorException;

/**
 * Where a command reads from and writes to.
 *
 * @param in standard input
 * @param out standard output, buffered
 * @param err standard error
 * @param outIsTerminal whether a person sees what is written to {@code out}
 * @param errIsTerminal whether a person sees what is written to {@code err}
 */
record Console(
    InputStream in,
    PrintStream out,
    PrintStream err,
    boolean outIsTerminal,
    boolean errIsTerminal) {
  private static final int OUT_BUFFER_BYTES = 64 << 10;

  /** The process's own. */
  static Console ofProcess() {
    PrintStream out = new PrintStream(
        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), OUT_BUFFER_BYTES),
        false,
        StandardCharsets.UTF_8);
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    return new Console(
        new FileInputStream(FileDescriptor.in), out, err, isTerminal(1), isTerminal(2));
  }

  /** Whether one of the standard descriptors leads to a terminal. */
  static boolean isTerminal(int descriptor) {
    try {
      String target =
          Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException e) {
      return false;
    }
  }

  void println(String line) {
    out.print(line);
    out.write('\n');
  }

  void flush() {
    out.flush();
  }

  /** Whether everything printed could be written: not to a full disk or a closed pipe. */
  boolean isWritten() {
    return !out.checkError();
  }

  /** Standard output for large amounts: one that cannot be written is an error at once. */
  OutputStream bulk() {
    return new OutputStream() {
      @Override
      public void write(int single) throws IOException {
        write(new byte[] {(byte) single}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        if (!isWritten()) {
          throw new IOException("a full disk or a closed pipe");
        }
      }
    };
  }

  /** Tells of something that is not a failure. */
  void note(String text) {
    err.println("cairn: " + text);
  }

  /** Tells of a failure: what happened, and on the next line what to do. */
  void explain(OperatorException failure) {
    out.flush();
    err.println("cairn: " + failure.getMessage());
    if (!failure.remedy().isEmpty()) {
      err.println("  " + failure.remedy());
    }
  }
}
