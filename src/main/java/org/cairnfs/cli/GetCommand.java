package org.cairnfs.cli;

import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.cairnfs.core.Bytes;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminGetRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Copies a file out of the volume. */
@Command(name = "get", description = "Copy a file of the volume to a file, or to standard output.")
final class GetCommand extends Subcommand {
  private static final Path STANDARD_OUTPUT = Path.of("-");

  @Option(
      names = {"-q", "--quiet"},
      description = "Show no progress.")
  private boolean quiet;

  @Parameters(paramLabel = "PATH", index = "0", description = "The file in the volume.")
  private Bytes path = new Bytes(new byte[0]);

  @Parameters(
      paramLabel = "FILE",
      index = "1",
      arity = "0..1",
      description = "Where to copy it, a file or a directory; - or nothing is standard output.")
  private Path target = STANDARD_OUTPUT;

  @Override
  public Integer call() throws OperatorException {
    if (target.equals(STANDARD_OUTPUT)) {
      // A bar on the terminal that shows the bytes would only be in their way.
      copy(console().bulk(), !quiet && !console().outIsTerminal());
      return OK;
    }
    Path file = Files.isDirectory(target) ? target.resolve(nameInVolume()) : target;
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        try (OutputStream into = Files.newOutputStream(file)) {
          copy(into, !quiet);
        }
      } else {
        copyWhole(file);
      }
    } catch (IOException e) {
      throw DiskFailures.explain("cannot write " + file, e);
    }
    return OK;
  }

  /**
   * A regular file takes its place when it is complete, so that a failure leaves what was there.
   */
  private void copyWhole(Path file) throws IOException, OperatorException {
    Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent());
    Path unfinished = Files.createTempFile(directory, ".cairn-get-", "");
    try {
      try (OutputStream into = Files.newOutputStream(unfinished)) {
        copy(into, !quiet);
      }
      Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rw-r--r--"));
      Files.move(
          unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

  private void copy(OutputStream into, boolean showProgress) throws OperatorException {
    AdminGetRequest request = AdminGetRequest.newBuilder()
        .setPath(UnsafeByteOperations.unsafeWrap(path.array()))
        .build();
    try (AdminClient client = AdminClient.connect(home());
        Progress progress = Progress.of(console(), "get", showProgress)) {
      client.get(request, into, progress::total, progress::copied);
    } catch (IOException e) {
      throw DiskFailures.explain(
          "cannot write " + (target.equals(STANDARD_OUTPUT) ? "standard output" : target), e);
    }
  }

  private String nameInVolume() {
    String text = new String(path.array(), StandardCharsets.ISO_8859_1).replaceAll("/+$", "");
    return RawArguments.text(text.substring(text.lastIndexOf('/') + 1));
  }
}
