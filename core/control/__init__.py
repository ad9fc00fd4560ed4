"""The control socket: other terminals reach a running core; `panic` works without one."""
