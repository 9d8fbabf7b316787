package org.cairnfs.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/**
 * The two ways to give a passphrase. There is none that puts it on the command line or into the
 * environment.
 */
final class PassphraseOptions {
  @ArgGroup
  private @Nullable Source source;

  /** One of the two. */
  static final class Source {
    @Option(
        names = "--passphrase-file",
        paramLabel = "FILE",
        description = "Read the volume's passphrase from the file; - is standard input.")
    private @Nullable Path file;

    @Option(names = "--passphrase", description = "Ask for the volume's passphrase.")
    private boolean ask;
  }

  /** Whether one of the options was given. */
  boolean given() {
    return source != null;
  }

  /**
   * The passphrase; null if no option was given. The caller closes it.
   *
   * @param fresh whether to have it typed twice
   */
  @Nullable
  Passphrase read(Console console, boolean fresh) throws OperatorException {
    @Nullable Source given = source;
    if (given == null) {
      return null;
    }
    return given.ask
        ? Prompt.ask("Passphrase: ", fresh)
        : readFile(Objects.requireNonNull(given.file), console);
  }

  static Passphrase readFile(Path file, Console console) throws OperatorException {
    boolean standardInput = file.toString().equals("-");
    byte[] content = new byte[0];
    try (InputStream in = standardInput ? console.in() : Files.newInputStream(file)) {
      content = in.readNBytes(Passphrase.MAX_BYTES + 2);
      return Passphrase.ofLine(content);
    } catch (IOException e) {
      throw DiskFailures.explain("cannot read the passphrase from " + file, e);
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }
}
