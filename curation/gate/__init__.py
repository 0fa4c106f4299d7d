"""The last look at an export: a process that can open nothing by itself reads the finished bytes. Pure."""
