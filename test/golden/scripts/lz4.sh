#!/bin/sh
# Frames of the lz4 tool under test/golden/writers, one for each thing a frame may have. Run it in test/golden. The content is that of `frameContent`
# in test/kernels/lz4/frame.test.ts.
awk 'BEGIN { for (i = 0; i < 1800; i++) printf "line %d of some text that comes again %d\n", i, i % 97 }' > /tmp/frame.txt
lz4 -q -f -9 -B4 --content-size -BX /tmp/frame.txt writers/checked.lz4
lz4 -q -f -9 -B4 -BD --no-frame-crc /tmp/frame.txt writers/linked.lz4
lz4 -q -f -9 -B7 /tmp/frame.txt writers/large.lz4
rm /tmp/frame.txt
