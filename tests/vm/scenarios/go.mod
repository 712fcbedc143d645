module redstart/vm/scenarios

go 1.19
