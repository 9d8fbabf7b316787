package org.cairnfs.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.cairnfs.core.Bytes;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminPutRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Copies a file into the volume. */
@Command(
    name = "put",
    description = {
      "Copy a file, or standard input, into the volume.",
      "The file appears when it is complete and on disk; an interrupted put changes nothing."
    })
final class PutCommand extends Subcommand {
  private static final int DEFAULT_PERMISSIONS = 0644;
  private static final Path STANDARD_INPUT = Path.of("-");
  private static final Path OWN_PROCESS = Path.of("/proc/self");

  @Option(
      names = {"-p", "--parents"},
      description = "Make the directories of PATH that are missing.")
  private boolean parents;

  @Option(
      names = {"-q", "--quiet"},
      description = "Show no progress.")
  private boolean quiet;

  @Parameters(
      paramLabel = "PATH",
      index = "0",
      description = "Where to put it in the volume: a path, or a directory if FILE is given.")
  private Bytes path = new Bytes(new byte[0]);

  @Parameters(
      paramLabel = "FILE",
      index = "1",
      arity = "0..1",
      description = "What to copy; - or nothing is standard input.")
  private Path source = STANDARD_INPUT;

  @Override
  public Integer call() throws OperatorException {
    boolean standardInput = source.equals(STANDARD_INPUT);
    if (!standardInput && Files.isDirectory(source)) {
      throw new OperatorException(
          source + " is a directory", "Mount the volume to copy whole trees.");
    }
    try (AdminClient client = AdminClient.connect(home());
        InputStream from = standardInput ? console().in() : Files.newInputStream(source);
        Progress progress = Progress.of(console(), "put", !quiet)) {
      progress.total(standardInput ? -1 : Files.size(source));
      client.put(request(standardInput), from, progress::copied);
    } catch (IOException e) {
      throw DiskFailures.explain(
          "cannot read " + (standardInput ? "standard input" : source.toString()), e);
    }
    return OK;
  }

  private AdminPutRequest request(boolean standardInput) throws IOException {
    return AdminPutRequest.newBuilder()
        .setPath(UnsafeByteOperations.unsafeWrap(path.array()))
        .setParents(parents)
        .setMode(standardInput ? DEFAULT_PERMISSIONS : attribute(source, "unix:mode") & 0777)
        .setUid(attribute(OWN_PROCESS, "unix:uid"))
        .setGid(attribute(OWN_PROCESS, "unix:gid"))
        .setSourceName(standardInput ? ByteString.EMPTY : sourceName())
        .build();
  }

  private ByteString sourceName() {
    Path name = Objects.requireNonNullElse(source.getFileName(), source);
    return ByteString.copyFrom(name.toString().getBytes(RawArguments.nativeCharset()));
  }

  private static int attribute(Path file, String name) throws IOException {
    return (Integer) Files.getAttribute(file, name);
  }
}
