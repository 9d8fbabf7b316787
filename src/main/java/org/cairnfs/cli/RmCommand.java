package org.cairnfs.cli;

import com.google.protobuf.UnsafeByteOperations;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminRemoveRequest;
import org.cairnfs.proto.AdminRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Removes files of the volume. */
@Command(name = "rm", description = "Remove files from the volume.")
final class RmCommand extends Subcommand {
  @Option(
      names = {"-r", "--recursive"},
      description = "Remove directories and everything in them.")
  private boolean recursive;

  @Parameters(paramLabel = "PATH", arity = "1..*", description = "Paths in the volume.")
  private List<Bytes> paths = List.of();

  @Override
  public Integer call() throws OperatorException {
    int exitCode = OK;
    for (Bytes path : paths) {
      try (AdminClient client = AdminClient.connect(home())) {
        client.call(AdminRequest.newBuilder()
            .setRemove(AdminRemoveRequest.newBuilder()
                .setPath(UnsafeByteOperations.unsafeWrap(path.array()))
                .setRecursive(recursive)));
      } catch (OperatorException e) {
        // As rm(1): the others are removed all the same.
        console().explain(e);
        exitCode = e.exitCode();
      }
    }
    return exitCode;
  }
}
