package org.cairnfs.cli;

import java.nio.file.Path;
import org.cairnfs.node.PassphraseChange;
import org.cairnfs.node.VolumeUnlock;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Changes the passphrase of the volume, or gives it one. */
@Command(
    name = "passwd",
    description = {
      "Change the volume's passphrase, or give it one beside its key file.",
      "The key file opens the volume for this; without one the present passphrase does."
    })
final class PasswdCommand extends Subcommand {
  @Option(
      names = "--new-passphrase-file",
      paramLabel = "FILE",
      description = "Read the new passphrase from the file; default is to ask for it.")
  private @Nullable Path freshFile;

  @Mixin
  private PassphraseOptions passphraseOptions = new PassphraseOptions();

  @Override
  public Integer call() throws OperatorException {
    Home home = home();
    home.requireInitialised();
    try (@Nullable Passphrase present = present(home);
        PassphraseChange change = PassphraseChange.begin(home, present);
        Passphrase fresh = fresh()) {
      change.set(fresh);
    }
    console().println("The volume of " + home + " has a new passphrase.");
    return OK;
  }

  private @Nullable Passphrase present(Home home) throws OperatorException {
    if (passphraseOptions.given()) {
      return passphraseOptions.read(console(), false);
    }
    return VolumeUnlock.needsPassphrase(home) ? Prompt.ask("Present passphrase: ", false) : null;
  }

  private Passphrase fresh() throws OperatorException {
    @Nullable Path file = freshFile;
    return file == null
        ? Prompt.ask("New passphrase: ", true)
        : PassphraseOptions.readFile(file, console());
  }
}
