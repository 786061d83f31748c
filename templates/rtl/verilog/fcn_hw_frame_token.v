// Frames that the writer of a stream has started and its reader has not begun: a process starts a frame
// when those that it reads from have started it, be it that they still wait for their first pixel, as the
// processes of a dataflow region do (UG1399, "ap_ctrl_chain"). So no process runs ahead into a frame that
// is not there yet.
module fcn_hw_frame_token #(
    parameter BITS = 4
) (
    input wire clk,
    input wire rst,
    input wire begun,
    input wire taken,
    output wire ready
);
reg [BITS-1:0] frames;
assign ready = frames != 0;
always @(posedge clk) begin
    if (rst) frames <= 0;
    else if (begun && !taken) frames <= frames + 1'b1;
    else if (taken && !begun) frames <= frames - 1'b1;
end
endmodule
