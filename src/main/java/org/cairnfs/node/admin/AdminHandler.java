package org.cairnfs.node.admin;

import java.io.IOException;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminRequest;
import org.cairnfs.proto.AdminResponse;

/** Carries out requests. Called by several threads at once. */
@FunctionalInterface
public interface AdminHandler {
  /**
   * Carries out one request; may exchange further messages over the connection before it returns
   * the last one.
   *
   * @throws OperatorException to answer with a failure
   * @throws IOException if the connection is broken; nothing more is sent
   */
  AdminResponse handle(AdminRequest request, AdminConnection connection)
      throws IOException, OperatorException;
}
