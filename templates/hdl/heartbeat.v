// Blinks: `beat` is 1 for HALF_PERIOD_CYCLES clock cycles, then 0 for as many. From fcn_hw.
//
// It shows that the bitstream is loaded and that the clock of the programmable logic runs.
module heartbeat #(
    parameter integer HALF_PERIOD_CYCLES = 50000000  // at least 1
) (
    input  wire clk,
    input  wire resetn,  // synchronous, active low
    output reg  beat
);

    reg [31:0] left;  // cycles until `beat` changes, less one

    always @(posedge clk) begin
        if (!resetn) begin
            left <= HALF_PERIOD_CYCLES - 1;
            beat <= 1'b0;
        end else if (left == 0) begin
            left <= HALF_PERIOD_CYCLES - 1;
            beat <= ~beat;
        end else begin
            left <= left - 1;
        end
    end

endmodule
